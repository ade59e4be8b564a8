"""Images of every kind that Residua reads, with the values that other programs read in them.

    pip install numpy==2.4.6 tifffile==2026.3.3 imagecodecs==2026.3.6 pillow==12.3.0
    python test/golden/make-images.py test/golden/images.json

Each case holds the file (base64) and what it must be read as: height, width, channels, type and values in row-major
order (base64, little-endian). tifffile and Pillow wrote the files. Values of files without loss are the array that was written, checked by
reading the file back with tifffile or Pillow; values of files with loss (`tolerance` above 0) are what Pillow or
tifffile (libjpeg-turbo, libtiff, libwebp) read.
"""

import base64
import io
import json
import struct
import sys
import zlib

import imagecodecs
import numpy as np
import PIL
import tifffile
from PIL import Image

rng = np.random.RandomState(7)
HEIGHT, WIDTH = 17, 18
GREY = (rng.rand(HEIGHT, WIDTH) * 200 + 20).astype(np.uint8)
RGB = np.stack([GREY, GREY // 2, 255 - GREY], -1)
ALPHA = np.where(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 3 == 0, 90, 255).astype(np.uint8)
RAMP = np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
# What JPEG keeps well: a slope, and the same in colours.
SMOOTH = np.stack([RAMP, 255 - RAMP, RAMP / 2 + 30], -1).astype(np.uint8)
cases = []


def add(name, file, values, *, tolerance=0, **more):
    values = np.asarray(values)
    if values.ndim == 2:
        values = values[..., None]
    height, width, channels = values.shape
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if more.get("packed"):  # black and white: a bit for each value
        little = np.packbits(little.ravel() > 0)
    cases.append(
        {
            "name": name,
            "file": base64.b64encode(file).decode(),
            "height": height,
            "width": width,
            "channels": channels,
            "type": str(values.dtype),
            "tolerance": tolerance,
            **more,
            "values": base64.b64encode(little.tobytes()).decode(),
        }
    )


def tiff(name, values, *, expected=None, more=None, **options):
    options.setdefault("photometric", "minisblack")
    options.setdefault("metadata", None)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    file = buffer.getvalue()
    if expected is None:
        expected = values
        back = tifffile.imread(io.BytesIO(file))
        if options.get("planarconfig") == "separate":
            expected = np.moveaxis(values, 0, -1)
        if back.ndim == values.ndim:
            assert np.array_equal(back, values, equal_nan=values.dtype.kind == "f"), name
    add(name, file, expected, **(more or {}))


def pillow(name, image, expected, *, tolerance=0, more=None, **options):
    buffer = io.BytesIO()
    image.save(buffer, **options)
    file = buffer.getvalue()
    if expected is None:
        expected = np.asarray(Image.open(io.BytesIO(file)))
    if expected.dtype == bool:
        expected = expected * np.uint8(255)
    add(name, file, expected, tolerance=tolerance, **(more or {}))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, colour, rows, *extra):
    """A PNG of packed rows, unfiltered: Pillow writes neither 16-bit colours nor grey of 2 or 4 bits."""
    raw = b"".join(b"\0" + row for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), *(chunk(kind, data) for kind, data in extra)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def packed(values, bits):
    """Rows of values of so many bits, the first in the highest."""
    return [
        int("".join(f"{v:0{bits}b}" for v in row).ljust(-(-len(row) * bits // 8) * 8, "0"), 2).to_bytes(
            -(-len(row) * bits // 8), "big"
        )
        for row in values
    ]


# PNG
G16 = GREY.astype(np.uint16) * 251
RGB16 = np.stack([G16, G16 // 2, 65535 - G16], -1)
A16 = ALPHA.astype(np.uint16) * 257
big = lambda values: [row.astype(">u2").tobytes() for row in values]
for bits in (1, 2, 4):
    # PNG's own rule (and Pillow's): small grey values are scaled to 8 bits.
    few = GREY >> (8 - bits)
    file = png(bits, 0, packed(few, bits))
    add(f"png-grey-{bits}", file, few * (255 // (2**bits - 1)))
    if bits > 1:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(file)).convert("L")), few * (255 // (2**bits - 1)))
pillow("png-grey-8", Image.fromarray(GREY), GREY, format="png")
add("png-grey-16", png(16, 0, big(G16)), G16)
pillow("png-rgb-8", Image.fromarray(RGB), RGB, format="png")
add("png-rgb-16", png(16, 2, big(RGB16.reshape(HEIGHT, -1))), RGB16)
pillow("png-grey-alpha-8", Image.fromarray(np.stack([GREY, ALPHA], -1), "LA"), GREY, format="png")
add("png-grey-alpha-16", png(16, 4, big(np.stack([G16, A16], -1).reshape(HEIGHT, -1))), G16)
pillow("png-rgba-8", Image.fromarray(np.dstack([RGB, ALPHA])), RGB, format="png")
add("png-rgba-16", png(16, 6, big(np.dstack([RGB16, A16]).reshape(HEIGHT, -1))), RGB16)
palette = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=32)
pillow("png-palette-8", palette, np.asarray(palette.convert("RGB")), format="png")
four = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
pillow("png-palette-2", four, np.asarray(four.convert("RGB")), format="png", bits=2)
pillow("png-palette-alpha", palette, np.asarray(palette.convert("RGB")), format="png", transparency=bytes(range(0, 250, 10)))
grey_key = struct.pack(">H", int(GREY[0, 0]))
add("png-grey-key", png(8, 0, [row.tobytes() for row in GREY], (b"tRNS", grey_key)), GREY)
rgb_key = struct.pack(">HHH", *(int(v) for v in RGB16[0, 0]))
add("png-rgb-16-key", png(16, 2, big(RGB16.reshape(HEIGHT, -1)), (b"tRNS", rgb_key)), RGB16)

# JPEG, WebP, GIF, BMP, PNM
photo = Image.fromarray(SMOOTH)
grey_photo = Image.fromarray(SMOOTH[..., 0])
pillow("jpeg-rgb", photo, None, format="jpeg", quality=95, subsampling=0, tolerance=2)
pillow("jpeg-rgb-420", photo, None, format="jpeg", quality=95, tolerance=4)
pillow("jpeg-progressive", photo, None, format="jpeg", quality=95, subsampling=0, progressive=True, tolerance=2)
pillow("jpeg-grey", grey_photo, None, format="jpeg", quality=95, tolerance=2)
buffer = io.BytesIO()
photo.convert("CMYK").save(buffer, format="jpeg", quality=95, subsampling=0)
add("jpeg-cmyk", buffer.getvalue(), np.asarray(Image.open(buffer).convert("RGB")), tolerance=3)
for orientation in range(2, 9):
    exif = Image.Exif()
    exif[0x112] = orientation
    buffer = io.BytesIO()
    photo.save(buffer, format="jpeg", quality=95, subsampling=0, exif=exif)
    from PIL import ImageOps

    upright = np.asarray(ImageOps.exif_transpose(Image.open(buffer)))
    add(f"jpeg-exif-{orientation}", buffer.getvalue(), upright, tolerance=2)
pillow("webp-lossless", Image.fromarray(RGB), RGB, format="webp", lossless=True)
pillow("webp-lossless-alpha", Image.fromarray(np.dstack([RGB, ALPHA])), RGB, format="webp", lossless=True, exact=True)
pillow("webp-lossy", photo, None, format="webp", quality=95, tolerance=6)
pillow("avif", photo, None, format="avif", quality=95, subsampling="4:4:4", tolerance=4)
pillow("gif", palette, np.asarray(palette.convert("RGB")), format="gif")
frames = [Image.new("P", (WIDTH, HEIGHT), at) for at in range(3)]
for frame in frames:
    frame.putpalette([level for at in range(3) for level in [40 * (at + 1)] * 3])
buffer = io.BytesIO()
frames[0].save(buffer, format="gif", save_all=True, append_images=frames[1:])
first = np.asarray(Image.open(buffer).convert("RGB"))
add("gif-frames", buffer.getvalue(), first, pages=3)
pillow("bmp-rgb", Image.fromarray(RGB), RGB, format="bmp")
pillow("bmp-rgba", Image.fromarray(np.dstack([RGB, ALPHA])), RGB, format="bmp")
pillow("bmp-grey", Image.fromarray(GREY), GREY, format="bmp")
pillow("bmp-palette", palette, np.asarray(palette.convert("RGB")), format="bmp")
few = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
half = lambda values: bytes(v for row in values for v in (np.append(row, [0] * (-len(row) % 8)).reshape(-1, 2) @ [16, 1]))
head = lambda bits, offset, compression=0, colours=0: struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, offset, 40, WIDTH, HEIGHT, 1, bits, compression, 0, 0, 0, colours, 0)
colours = np.asarray(few.getpalette()[: 3 * 16], np.uint8).reshape(-1, 3)
table = b"".join(bytes([b, g, r, 0]) for r, g, b in colours)
add("bmp-4", head(4, 54 + len(table), 0, len(colours)) + table + half(np.asarray(few)[::-1]), colours[np.asarray(few)])
five = RGB >> 3
pixels16 = (five[..., 0].astype("<u2") << 10) | (five[..., 1].astype("<u2") << 5) | five[..., 2]
add("bmp-16", head(16, 54) + pixels16[::-1].astype("<u2").tobytes(), np.round(five * 255.0 / 31).astype(np.uint8))
pillow("bmp-1", Image.fromarray(GREY > 100), (GREY > 100) * np.uint8(255), format="bmp")
pillow("pbm", Image.fromarray(GREY > 100), (GREY > 100) * np.uint8(255), format="ppm")
pillow("pgm-8", Image.fromarray(GREY), GREY, format="ppm")
pillow("ppm-8", Image.fromarray(RGB), RGB, format="ppm")
add("pgm-16", b"P5\n# a comment\n18 17\n65535\n" + G16.astype(">u2").tobytes(), G16)
add("ppm-16", b"P6 18 17 65535\n" + RGB16.astype(">u2").tobytes(), RGB16)
add("pgm-text", b"P2\n18 17\n255\n" + " ".join(map(str, GREY.ravel())).encode() + b"\n", GREY)
add("pbm-text", b"P1\n18 17\n" + "".join("1" if v else "0" for v in (GREY > 100).ravel()).encode(), (GREY <= 100) * np.uint8(255))

# TIFF: types
I16 = GREY.astype(np.int16) * 250 - 30000
types = {
    "uint8": GREY,
    "uint16": G16,
    "uint32": GREY.astype(np.uint32) * 19_000_001,
    "int8": (GREY.astype(np.int16) - 128).astype(np.int8),
    "int16": I16,
    "int32": (GREY.astype(np.int32) - 100) * 17_000_001,
    "float16": (GREY / 7 - 9).astype(np.float16),
    "float32": (GREY / 7 - 9).astype(np.float32),
    "float64": GREY / 7 - 9,
}
for kind, values in types.items():
    tiff(f"tiff-{kind}", values)
    tiff(f"tiff-{kind}-big-endian", values, byteorder=">")
    tiff(f"tiff-{kind}-bigtiff", values, bigtiff=True)
    tiff(f"tiff-{kind}-tiles", values, tile=(16, 16))
    predictor = 3 if values.dtype.kind == "f" else 2
    for codec in ("lzw", "zlib"):
        tiff(f"tiff-{kind}-{codec}-predictor", values, compression=codec, predictor=predictor)
    tiff(f"tiff-{kind}-predictor-big-endian", values, compression="zlib", predictor=predictor, byteorder=">")
missing = (GREY / 7).astype(np.float32)
missing[3, 3], missing[4, 4] = np.nan, np.inf
tiff("tiff-float32-nan", missing)
tiff("tiff-bool", GREY > 100, expected=(GREY > 100) * np.uint8(255))
for bits in (2, 4, 10, 12, 14):
    # Small grey values are scaled to 8 bits, as in PNG and as Pillow does.
    few = ((GREY.astype(np.uint16) << 6) >> (14 - bits)).astype(np.uint8 if bits < 8 else np.uint16)
    scaled = few * np.uint8(255 // (2**bits - 1)) if bits < 8 else few
    tiff(f"tiff-uint{bits}", few, bitspersample=bits, expected=scaled)
# TIFF: colours and layouts
for name, values, big in (("rgb", RGB, False), ("rgb16", RGB16, True)):
    tiff(f"tiff-{name}-strips", values, photometric="rgb", rowsperstrip=5)
    tiff(f"tiff-{name}-tiles", values, photometric="rgb", tile=(16, 16))
    tiff(f"tiff-{name}-tiles-predictor", values, photometric="rgb", tile=(16, 16), compression="zlib", predictor=2)
    planes = np.ascontiguousarray(np.moveaxis(values, -1, 0))
    tiff(f"tiff-{name}-planar", planes, photometric="rgb", planarconfig="separate")
    tiff(f"tiff-{name}-planar-tiles", planes, photometric="rgb", planarconfig="separate", tile=(16, 16), compression="lzw")
tiff("tiff-rgbf-planar", np.moveaxis(RGB / np.float32(255), -1, 0).copy(), photometric="rgb", planarconfig="separate", rowsperstrip=4)
rgba = np.dstack([RGB, ALPHA])
tiff("tiff-rgba", rgba, photometric="rgb", extrasamples=["unassalpha"], expected=RGB)
tiff("tiff-rgba-associated", rgba, photometric="rgb", extrasamples=["assocalpha"], expected=RGB)
tiff("tiff-grey-alpha", np.stack([GREY, ALPHA], -1), extrasamples=["unassalpha"], planarconfig="contig", expected=GREY)
two = np.stack([GREY, GREY // 2], -1)
tiff("tiff-two-channels", two, planarconfig="contig")
tiff("tiff-two-channels-planar", np.moveaxis(two, -1, 0).copy(), planarconfig="separate")
five = np.stack([G16 // k for k in range(1, 6)], -1)
tiff("tiff-five-channels", five, planarconfig="contig")
tiff("tiff-min-is-white", 255 - GREY, photometric="miniswhite", expected=GREY)
pillow("tiff-bit-1", Image.fromarray(GREY > 100), (GREY > 100) * np.uint8(255), format="tiff")
pillow("tiff-palette", palette, np.asarray(palette.convert("RGB")), format="tiff")
naive = np.asarray(Image.fromarray(RGB).convert("CMYK").convert("RGB"))
pillow("tiff-cmyk", Image.fromarray(RGB).convert("CMYK"), naive, format="tiff", tolerance=1)
# TIFF: compressions
tiff("tiff-zlib", RGB, photometric="rgb", compression="zlib")
tiff("tiff-lzw", RGB, photometric="rgb", compression="lzw")
tiff("tiff-packbits", RGB, photometric="rgb", compression="packbits")
for name in ("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits"):
    pillow(f"tiff-pillow-{name}", Image.fromarray(RGB), RGB, format="tiff", compression=name)
lines = np.zeros((HEIGHT, WIDTH), bool)
lines[2:9, 3:15] = lines[5:17, 8:12] = True
lines[6, ::2] = True
# Every run length has its own code: runs of 0 to 63 and of multiples of 64, in black and in white.
runs = np.zeros((64, 2700), bool)
for at in range(64):
    runs[at, at : at + 64 * (at % 41) + at] = True
    runs[at, 2650 - at :: 2] = True
for name in ("group3", "group4", "tiff_ccitt"):
    pillow(f"tiff-{name}", Image.fromarray(lines), lines * np.uint8(255), format="tiff", compression=name)
    pillow(f"tiff-{name}-runs", Image.fromarray(runs), None, format="tiff", compression=name, more={"packed": True})
for name, image in (("rgb", photo), ("grey", grey_photo)):
    buffer = io.BytesIO()
    image.save(buffer, format="tiff", compression="jpeg", quality=95)
    add(f"tiff-jpeg-{name}", buffer.getvalue(), np.asarray(Image.open(buffer)), tolerance=4)
tiled = io.BytesIO()
large = np.dstack([np.tile(c, (2, 2)) for c in (SMOOTH[..., 0], SMOOTH[..., 1], SMOOTH[..., 2])])
tifffile.imwrite(tiled, large, photometric="rgb", compression="jpeg", compressionargs={"level": 95}, tile=(16, 16))
add("tiff-jpeg-tiles", tiled.getvalue(), tifffile.imread(io.BytesIO(tiled.getvalue())), tolerance=4)
# TIFF: pages, channels and sizes
stack = np.stack([GREY, GREY // 2, 255 - GREY])
tiff("tiff-pages", stack, expected=GREY, more={"pages": 3})


def described(name, values, expected, pages, *, ome=False, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, ome=ome, **options)
    add(name, buffer.getvalue(), expected, **pages)


described(
    "tiff-ome",
    np.stack([G16, G16 // 2]),
    G16,
    {"pages": 2, "pixelSize": 0.325, "imageChannels": ["DAPI", "GFP"]},
    ome=True,
    photometric="minisblack",
    metadata={
        "axes": "CYX",
        "Channel": {"Name": ["DAPI", "GFP"]},
        "PhysicalSizeX": 325,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 325,
        "PhysicalSizeYUnit": "nm",
    },
)
described(
    "tiff-imagej",
    np.stack([G16, G16 // 2]),
    G16,
    {"pages": 2, "pixelSize": 0.5, "imageChannels": ["1", "2"]},
    imagej=True,
    resolution=(2.0, 2.0),
    metadata={"axes": "CYX", "unit": "um"},
)
tiff("tiff-centimetre", GREY, resolution=(20000, 20000), resolutionunit="CENTIMETER", more={"pixelSize": 0.5})
tiff("tiff-inch", GREY, resolution=(50800, 50800), resolutionunit="INCH", more={"pixelSize": 0.5})
tiff("tiff-print", GREY, resolution=(300, 300), resolutionunit="INCH")

# What is refused, and the words by which it is named
refused = []


def refuse(name, says, values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, metadata=None, **options)
    refused.append({"name": name, "says": says, "file": base64.b64encode(buffer.getvalue()).decode()})


for codec, word in (("zstd", "Zstandard"), ("lzma", "LZMA"), ("lerc", "LERC"), ("jpegxl", "JPEG XL"), ("jpeg2000", "JPEG 2000"), ("webp", "WebP")):
    refuse(f"tiff-{codec}", f"a TIFF compressed with {word}", RGB, photometric="rgb", compression=codec)
refuse("tiff-uint64", "a TIFF of whole numbers of 64 bits", GREY.astype(np.uint64), photometric="minisblack")
refuse("tiff-complex", "a TIFF of complex numbers", GREY.astype(np.complex64), photometric="minisblack")
refuse("tiff-cielab", "a TIFF of CIELab colours", RGB, photometric="cielab")
refuse("tiff-ycbcr", "a TIFF of YCbCr colours without JPEG", RGB, photometric="ycbcr")


with open(sys.argv[1], "w") as out:
    about = {
        "script": "test/golden/make-images.py",
        "versions": {
            "numpy": np.__version__,
            "tifffile": tifffile.__version__,
            "imagecodecs": imagecodecs.__version__,
            "pillow": PIL.__version__,
        },
    }
    rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    more = ",\n".join(json.dumps(row, separators=(",", ":")) for row in refused)
    out.write(json.dumps(about)[:-1] + ', "cases": [\n' + rows + '\n], "refused": [\n' + more + "\n]}\n")
