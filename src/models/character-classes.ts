/** @file Classes of characters as the reference implementation of tokenizers has them, for regular expressions with the flag u. */

/** JavaScript's `\s` takes U+FEFF for a space and U+0085 for none. */
export const SPACE = '\\p{White_Space}';
/** JavaScript's `\w` knows ASCII only. */
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
/** That of Unicode, and the symbols of ASCII. */
export const PUNCTUATION = '\\p{P}!-\\/:-@\\[-`{-~';
