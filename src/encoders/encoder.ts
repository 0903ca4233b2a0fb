/** How texts are embedded. */
export interface EmbedOptions {
  signal?: AbortSignal | undefined;
  /** Called after every batch with the texts done. */
  onProgress?: ((progress: { texts: number }) => void) | undefined;
}

/** Turns texts into vectors whose cosine says how alike they are. */
export interface Encoder {
  /**
   * `model`: one of our own; `endpoint`: behind a server; `lexical`: counts words, knows no meaning; `world`: reads the
   * sentences of the text worlds, and nothing else.
   */
  readonly kind: 'model' | 'endpoint' | 'lexical' | 'world';
  /** Names the encoder in results; vectors of different ids do not compare. */
  readonly id: string;
  /** Where the encoder learns from the texts of a log: does so, before the first text is embedded. */
  fit?(texts: Iterable<string>): void;
  /** One vector per text, all of one length; a text of which it knows nothing may get zeros. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  /** Gives back what it holds. Idempotent. */
  dispose(): void;
}
