/** The language that numbers on axes are written in. */

/** Browsers without a locale call theirs "C", at which formatters throw, uPlot's among them, as soon as it is loaded: it is English then. */
function soundLanguage(): string {
  try {
    return new Intl.NumberFormat(navigator.language).resolvedOptions().locale;
  } catch {
    Object.defineProperty(navigator, "language", { value: "en", configurable: true });
    return "en";
  }
}

export const language = soundLanguage();
