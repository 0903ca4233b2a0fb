import { PopeError } from '../errors.js';

/**
 * Checks that a server answered with the model that it was asked for. It may add a date or a version (`gpt-4o-2024-08-06`) or
 * its own folder (`models/gpt-4o`); a server that names none is believed.
 *
 * @throws PopeError ENDPOINT_MODEL
 */
export function requireServedModel(url: string, asked: string, served: string | null | undefined): void {
  if (served == null || served === asked || served.startsWith(`${asked}-`) || served.endsWith(`/${asked}`)) return;
  throw new PopeError(
    'ENDPOINT_MODEL',
    `${url}: asked for the model "${asked}", but "${served}" answered; name the model that is served there`,
  );
}
