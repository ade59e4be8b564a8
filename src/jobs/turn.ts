/**
 * Lets in the messages that are waiting: a job that computes occupies its thread, and only turns of the event loop bring
 * messages. A message to oneself is such a turn in browsers and in Node.
 */
export function takeMessages(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}
