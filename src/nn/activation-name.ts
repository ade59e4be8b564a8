/** Names of activations. Apart from what they do, which only a network that is built needs. */
export const activationNames = ["gelu", "relu"] as const;

/** A function of each element, after a layer or after an addition. */
export type ActivationName = (typeof activationNames)[number];
