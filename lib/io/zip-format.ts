// The records of a zip archive: how they begin, and how many bytes each has before what varies in length.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

/** Before each entry. */
export const LOCAL = 0x04034b50;
export const LOCAL_BYTES = 30;
/** Of each entry in the directory. */
export const CENTRAL = 0x02014b50;
export const CENTRAL_BYTES = 46;
/** At the end, and with 64 bits. */
export const END = 0x06054b50;
export const END_BYTES = 22;
export const END64 = 0x06064b50;
export const END64_BYTES = 56;
/** Where the end with 64 bits is. */
export const LOCATOR64 = 0x07064b50;
export const LOCATOR64_BYTES = 20;
