// Types of layers.mjs: the Keras layers of a model that TensorFlow.js lacks.
import type * as tf from "@tensorflow/tfjs";

/** Make the layers known to a TensorFlow.js, before a model with them is loaded. */
export declare function register(tensorflow: typeof tf): void;

declare const layers: { readonly register: typeof register };
export default layers;
