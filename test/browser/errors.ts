/** What a page throws and nobody catches, in the order in which it came. Listens from when it is imported. */
export const errors: string[] = [];
addEventListener("error", ({ message }) => errors.push(message));
addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason)));
