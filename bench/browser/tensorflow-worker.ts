import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { randomStream } from "../../src/tensor/random.ts";
import { drawImages, serveSteps } from "./steps.ts";

// TensorFlow.js's side: the same ResNet-20 (option B) with SGD and momentum, channels last as it wants them. Its WebAssembly
// backend lacks Conv2DBackpropFilter and the gradient of batch norm; both are added here in its own kernels.

type Gradients = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];

/**
 * dw[i,j] = Σ over N, H, W of x(shifted by i,j)ᵀ · dy: a matrix product a place of the kernel. The left side is transposed
 * first: only products without transposition reach the backend's fast kernel.
 */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, kernel: number, stride: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, , channels] = x.shape;
    const [, out, , filters] = dy.shape;
    // Padding as in PyTorch: (kernel − 1) / 2 on every side.
    const pad = (kernel - 1) / 2;
    const padded: tf.Tensor4D =
      pad === 0
        ? x
        : tf.pad(x, [
            [0, 0],
            [pad, pad],
            [pad, pad],
            [0, 0],
          ]);
    const rows = dy.reshape([batch * out * out, filters]) as tf.Tensor2D;
    const places: tf.Tensor2D[] = [];
    for (let i = 0; i < kernel; i++) {
      for (let j = 0; j < kernel; j++) {
        const span = (out - 1) * stride + 1;
        const met =
          kernel === 1 && stride === 1
            ? padded
            : tf.stridedSlice(padded, [0, i, j, 0], [batch, i + span, j + span, channels], [1, stride, stride, 1]);
        const columns = tf.transpose(met.reshape([batch * out * out, channels]) as tf.Tensor2D);
        places.push(tf.matMul(columns, rows));
      }
    }
    if (height < 1) throw new Error("empty images");
    return tf.concat(places, 0).reshape([kernel, kernel, channels, filters]) as tf.Tensor4D;
  });
}

function conv(x: tf.Tensor4D, filter: tf.Variable, stride: number): tf.Tensor4D {
  const kernel = filter.shape[0];
  const pad = (kernel - 1) / 2;
  const apply = tf.customGrad(((input: tf.Tensor4D, weight: tf.Tensor4D, save: (saved: tf.Tensor[]) => void) => {
    save([input, weight]);
    const gradFunc: Gradients = (dy, [saved, savedWeight]) => [
      tf.conv2dTranspose(
        dy as tf.Tensor4D,
        savedWeight as tf.Tensor4D,
        saved.shape as [number, number, number, number],
        stride,
        pad,
      ),
      filterGradient(saved as tf.Tensor4D, dy as tf.Tensor4D, kernel, stride),
    ];
    return { value: tf.conv2d(input, weight, stride, pad), gradFunc };
  }) as never);
  return apply(x, filter) as tf.Tensor4D;
}

/** Batch norm with the batch's statistics: dx = γ/σ·(dy − mean(dy) − x̂·mean(dy·x̂)). */
function batchNorm(x: tf.Tensor4D, gamma: tf.Variable, beta: tf.Variable): tf.Tensor4D {
  const apply = tf.customGrad(((
    input: tf.Tensor4D,
    scale: tf.Tensor1D,
    offset: tf.Tensor1D,
    save: (saved: tf.Tensor[]) => void,
  ) => {
    const count = input.size / scale.size;
    const axes = [0, 1, 2];
    const mean = tf.mean(input, axes) as tf.Tensor1D;
    const variance = tf.mean(tf.square(tf.sub(input, mean)), axes) as tf.Tensor1D;
    const inverse = tf.rsqrt(tf.add(variance, 1e-5));
    save([input, scale, mean, inverse]);
    const value = tf.batchNorm4d(input, mean, variance, offset, scale, 1e-5);
    const gradFunc: Gradients = (dy, [saved, savedScale, savedMean, savedInverse]) => {
      const normalized = tf.mul(tf.sub(saved, savedMean), savedInverse);
      const dBeta = tf.sum(dy, axes);
      const dGamma = tf.sum(tf.mul(dy, normalized), axes);
      const mixed = tf.add(tf.div(dBeta, count), tf.mul(normalized, tf.div(dGamma, count)));
      return [tf.mul(tf.sub(dy, mixed), tf.mul(savedScale, savedInverse)), dGamma, dBeta];
    };
    return { value, gradFunc };
  }) as never);
  return apply(x, gamma, beta) as tf.Tensor4D;
}

type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

/** Convolution and batch norm. */
function unit(from: number, to: number, kernel: number, stride: number): Layer {
  const filter = tf.variable(
    tf.randomNormal([kernel, kernel, from, to], 0, Math.sqrt(2 / (from * kernel * kernel)), "float32", 1),
  );
  const [gamma, beta] = [tf.variable(tf.ones([to])), tf.variable(tf.zeros([to]))];
  return (x) => batchNorm(conv(x, filter, stride), gamma, beta);
}

function block(from: number, to: number, stride: number): Layer {
  const [first, second] = [unit(from, to, 3, stride), unit(to, to, 3, 1)];
  const shortcut: Layer = from === to ? (x) => x : unit(from, to, 1, stride);
  return (x) => tf.relu(tf.add(second(tf.relu(first(x))), shortcut(x))) as tf.Tensor4D;
}

/** ResNet-20 for 32² images. */
function resnet20(): (x: tf.Tensor4D) => tf.Tensor2D {
  const stem = unit(3, 16, 3, 1);
  const blocks = [16, 32, 64].flatMap((width, stage) =>
    [0, 1, 2].map((index) =>
      block(index === 0 && stage > 0 ? width / 2 : width, width, index === 0 && stage > 0 ? 2 : 1),
    ),
  );
  const weight = tf.variable(tf.randomNormal([64, 10], 0, 0.1, "float32", 1));
  const bias = tf.variable(tf.zeros([10]));
  return (x) => {
    const features = blocks.reduce((value, layer) => layer(value), tf.relu(stem(x)));
    return tf.add(tf.matMul(tf.mean(features, [1, 2]), weight as tf.Tensor2D), bias) as tf.Tensor2D;
  };
}

serveSteps(async ({ batch, threads }) => {
  setWasmPaths("/tensorflow/");
  setThreadsCount(threads);
  await tf.setBackend("wasm");
  await tf.ready();
  const network = resnet20();
  const optimizer = tf.train.momentum(0.05, 0.9);
  const stream = randomStream(0, "benchmark images");
  const images = tf.tensor4d(
    drawImages(batch * 3072, () => stream.normal()),
    [batch, 32, 32, 3],
  );
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: batch }, (_, index) => index % 10),
      "int32",
    ),
    10,
  );
  return async () => {
    const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, network(images)).asScalar(), true)!;
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
});
