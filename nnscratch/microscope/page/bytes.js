// Arrays out of the text of the page: base64 to typed arrays, with a checksum for each.

const KINDS = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
};

// { dtype, shape, crc, data } -> a typed array with `shape`, and `isIntact` of its bytes.
export function decode(packed) {
  const text = atob(packed.data);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  const array =
    packed.dtype === "float16" ? fromHalf(bytes) : new KINDS[packed.dtype](bytes.buffer);
  array.shape = packed.shape;
  array.isIntact = crc32(bytes) === packed.crc;
  return array;
}

function fromHalf(bytes) {
  const words = new Uint16Array(bytes.buffer);
  return Float32Array.from(words, (h) => {
    const sign = h & 0x8000 ? -1 : 1,
      exponent = (h >> 10) & 31,
      fraction = h & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
