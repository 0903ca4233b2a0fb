/** The header Retry-After, seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now; 0 without a readable one. */
export function retryAfter(header: string | null, now = Date.now()): number {
  if (header === null) return 0;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
