import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { checkedKey } from '../remote/endpoint.js';

/** Where models come from and where they are kept, as Python's huggingface_hub reads it from the environment. */
export interface HubSettings {
  /** Without trailing slash. */
  url: string;
  /** Folder of the cache. */
  cache: string;
  /** Sent to `url` alone, and never shown. */
  token: string | undefined;
  /** Use only what is in the cache. */
  offline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE.
 *
 * @throws UsageError ENDPOINT_URL for an address with a password, which messages would show; ENDPOINT_KEY for a token that is none
 */
export async function hubSettings(environment: Environment = process.env): Promise<HubSettings> {
  const url = environment.HF_ENDPOINT || 'https://huggingface.co';
  const { username, password, host } = URL.canParse(url) ? new URL(url) : { username: '', password: '', host: '' };
  if (username || password) {
    throw new UsageError(
      'ENDPOINT_URL',
      `HF_ENDPOINT: the URL of ${host} holds a user name or password; set HF_TOKEN instead`,
    );
  }
  const home = environment.HF_HOME || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const tokenPath = environment.HF_TOKEN_PATH || join(home, 'token');
  return {
    url: url.replace(/\/+$/, ''),
    cache: environment.HF_HUB_CACHE || join(home, 'hub'),
    token: checkedKey(
      environment.HF_TOKEN || (await storedToken(tokenPath)),
      environment.HF_TOKEN ? 'HF_TOKEN' : tokenPath,
    ),
    offline: /^(1|on|yes|true)$/i.test(environment.HF_HUB_OFFLINE ?? ''),
  };
}

/** What `huggingface-cli login` wrote. */
async function storedToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}
