/** What a mutation of JSON text puts in somewhere: its signs, and what it may not hold or cannot keep. */
export const JSON_TOKENS = ['{', '}', '[', ']', '"', ',', ':', '\\', '\0', '\ufeff', '1e999', '-', 'NaN'];
