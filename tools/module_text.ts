/** Wasm modules as the text that ships in JavaScript: printable ASCII, so that no bundler needs to escape it, and nearly as small as bytes when compressed. */

/** Many bytes are one character, whose own place says which; a space and `!` put the next one on the second or third page. `fromText` reads it. */
export function toText(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => {
      // bytes that are frequent in modules land on the first page
      const shifted = (byte + 9) % 256;
      const place = shifted % 91;
      const code = 35 + place;
      return ["", " ", "!"][(shifted - place) / 91] + String.fromCharCode(code < 92 ? code : code + 1);
    })
    .join("");
}
