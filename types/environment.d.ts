// The few globals that Node and browsers share and the core may use. Anything else belongs into a node or web file.

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(bytes?: ArrayBufferLike | ArrayBufferView, options?: { readonly stream?: boolean }): string;
}

declare const performance: {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
};

declare const crypto: {
  readonly subtle: {
    digest(
      algorithm: "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512",
      data: ArrayBuffer | ArrayBufferView,
    ): Promise<ArrayBuffer>;
  };
};

interface MessagePort {
  addEventListener(kind: "message", listener: () => void): void;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

declare const MessageChannel: { new (): { readonly port1: MessagePort; readonly port2: MessagePort } };
