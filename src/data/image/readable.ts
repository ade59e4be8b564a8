/** A supported image format; docs/images.md lists the rows. */
export interface ReadableImages {
  readonly format: string;
  /** Types of the samples. */
  readonly samples: string;
  /** Colours and their conversion. */
  readonly colours: string;
  /** Pixel layout and compression. */
  readonly layout: string;
  readonly inNode: string;
  readonly inPage: string;
  /** Prefix of its golden images' names. */
  readonly golden: readonly string[];
}

/**
 * Supported formats, one row each, with golden images that tifffile and Pillow read too (test/golden/make-images.py).
 */
export const readableImages: readonly ReadableImages[] = [
  {
    format: "PNG",
    samples: "uint 1, 2, 4 (×255, ×85, ×17), 8, 16",
    colours: "grey, RGB, palette (→ RGB); alpha, colour key",
    layout: "deflate, Adam7",
    inNode: "sharp",
    inPage: "browser; fast-png (16 bits, alpha)",
    golden: ["png-"],
  },
  {
    format: "JPEG (lossy)",
    samples: "uint 8",
    colours: "grey, YCbCr, CMYK (→ RGB); EXIF orientation",
    layout: "baseline, progressive",
    inNode: "sharp",
    inPage: "browser",
    golden: ["jpeg-"],
  },
  {
    format: "TIFF, BigTIFF",
    samples: "uint 1, 2, 4 (×255, ×85, ×17), 8, 10–16, 32",
    colours: "grey, RGB, N channels; min-is-white (inverted); alpha (ExtraSamples 1, 2); orientation",
    layout: "strips, tiles; contiguous, planar; little-, big-endian; pages",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["tiff-uint", "tiff-bool", "tiff-bit-1", "tiff-rgb", "tiff-grey-alpha", "tiff-two-channels", "tiff-five-channels", "tiff-min-is-white", "tiff-pages", "tiff-ome", "tiff-imagej", "tiff-centimetre", "tiff-inch", "tiff-print"],
  }, // prettier-ignore
  {
    format: "TIFF, BigTIFF",
    samples: "int 8, 16, 32; float 16, 32, 64",
    colours: "grey, RGB, N channels",
    layout: "strips, tiles; contiguous, planar; little-, big-endian; pages",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["tiff-int", "tiff-float"],
  },
  {
    format: "TIFF",
    samples: "uint 8, 16",
    colours: "palette (→ RGB), CMYK (→ RGB)",
    layout: "strips, tiles",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["tiff-palette", "tiff-cmyk"],
  },
  {
    format: "TIFF",
    samples: "(as above)",
    colours: "(as above)",
    layout: "LZW, deflate, PackBits; predictors 2 (uint, int), 3 (float)",
    inNode: "Residua, fflate",
    inPage: "Residua, fflate",
    golden: ["tiff-lzw", "tiff-zlib", "tiff-packbits", "tiff-pillow"],
  },
  {
    format: "TIFF (lossy)",
    samples: "uint 8",
    colours: "grey, RGB, YCbCr",
    layout: "JPEG",
    inNode: "Residua, sharp",
    inPage: "Residua, browser",
    golden: ["tiff-jpeg"],
  },
  {
    format: "TIFF",
    samples: "1 bit (×255)",
    colours: "black and white",
    layout: "CCITT RLE, G3, G4",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["tiff-group3", "tiff-group4", "tiff-tiff_ccitt"],
  },
  {
    format: "WebP",
    samples: "uint 8",
    colours: "RGB; alpha",
    layout: "lossless, lossy; frames (Node)",
    inNode: "sharp",
    inPage: "browser",
    golden: ["webp-"],
  },
  {
    format: "GIF",
    samples: "uint 8",
    colours: "palette (→ RGB)",
    layout: "frames (Node)",
    inNode: "sharp",
    inPage: "browser",
    golden: ["gif"],
  },
  {
    format: "BMP",
    samples: "uint 1, 4, 8, 16, 24, 32 bits per pixel",
    colours: "palette (→ grey or RGB), RGB, bit fields; alpha",
    layout: "uncompressed",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["bmp-"],
  },
  {
    format: "PNM: PBM, PGM, PPM",
    samples: "uint 1 (×255), 8, 16",
    colours: "grey, RGB",
    layout: "binary, text",
    inNode: "Residua",
    inPage: "Residua",
    golden: ["pbm", "pgm", "ppm"],
  },
  {
    format: "AVIF (lossy)",
    samples: "uint 8",
    colours: "RGB; alpha",
    layout: "AV1",
    inNode: "sharp",
    inPage: "browser",
    golden: ["avif"],
  },
];
