/** Where the library itself lies, which the bundled command line shares with programs. */
export const LIBRARY = new URL('../index.js', import.meta.url).href;
