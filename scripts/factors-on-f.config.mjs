/** A learnable factor on F, in the blocks of "Identity Mappings in Deep Residual Networks": none, ReZero's and LayerScale's. */
export default {
  compare: {
    depth: [20],
    variants: [
      { name: "original", shortcut: "project" },
      { name: "ReZero", shortcut: "project", options: { layerScale: "scalar" } },
      { name: "LayerScale, from 0.1", shortcut: "project", options: { layerScale: "channel", layerScaleInit: 0.1 } },
    ],
  },
};
