/** SHA-256 in pieces (FIPS 180-4): browsers' own takes only what fits into memory at once. */

const K = new Uint32Array(64);
const START = new Uint32Array(8);

for (let candidate = 2, at = 0; at < 64; candidate += 1) {
  let prime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) prime = false;
  if (!prime) continue;
  const bits = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
  K[at] = bits(Math.cbrt(candidate));
  if (at < 8) START[at] = bits(Math.sqrt(candidate));
  at += 1;
}

export class Sha256 {
  private readonly state = START.slice();
  private readonly words = new Uint32Array(64);
  private readonly block = new Uint8Array(64);
  private filled = 0;
  private bytes = 0;

  update(data: Uint8Array): void {
    this.bytes += data.length;
    let at = 0;
    while (at < data.length) {
      if (this.filled === 0 && data.length - at >= 64) {
        this.compress(data, at);
        at += 64;
        continue;
      }
      const taken = Math.min(64 - this.filled, data.length - at);
      this.block.set(data.subarray(at, at + taken), this.filled);
      this.filled += taken;
      at += taken;
      if (this.filled === 64) {
        this.compress(this.block, 0);
        this.filled = 0;
      }
    }
  }

  hex(): string {
    const bits = this.bytes * 8;
    const zeros = (this.filled < 56 ? 56 : 120) - this.filled;
    const tail = new Uint8Array(zeros + 8);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(zeros, Math.floor(bits / 2 ** 32));
    view.setUint32(zeros + 4, bits >>> 0);
    this.update(tail);
    return [...this.state].map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  private compress(data: Uint8Array, from: number): void {
    const w = this.words;
    for (let t = 0; t < 16; t += 1) {
      const at = from + 4 * t;
      w[t] = ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
    }
    for (let t = 16; t < 64; t += 1) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16]! + small0 + w[t - 7]! + small1) >>> 0;
    }
    let [a, b, c, d, e, f, g, h] = this.state as unknown as [number, number, number, number, number, number, number, number];
    for (let t = 0; t < 64; t += 1) {
      const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + big1 + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) >>> 0;
      const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) >>> 0;
      h = g; g = f; f = e; e = (d + one) >>> 0;
      d = c; c = b; b = a; a = (one + two) >>> 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, at) => (this.state[at] = (this.state[at]! + value) >>> 0));
  }
}
