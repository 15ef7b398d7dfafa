// Types of training.mjs: Keras's optimizers, learning rate schedules, losses and metrics.
import type * as tf from "@tensorflow/tfjs";

type Setting = string | number | boolean | null | readonly Setting[] | { [key: string]: Setting };

/** Settings with Keras's meaning, in camel case: `beta1` for `beta_1`. Wrong ones throw. */
export interface Settings {
  name?: string | null;
  [setting: string]: Setting | Schedule | undefined;
}

export interface OptimizerSettings extends Settings {
  learningRate?: number | Schedule;
  weightDecay?: number | null;
  clipnorm?: number | null;
  clipvalue?: number | null;
  globalClipnorm?: number | null;
  useEma?: boolean;
  emaMomentum?: number;
  emaOverwriteFrequency?: number | null;
  gradientAccumulationSteps?: number | null;
  /** Whose numbers: those of Keras 3 if it is left out. */
  dialect?: "keras3" | "tf_keras" | "keras2" | "keras1";
}

/** For `model.compile({optimizer})`. */
export interface Optimizer extends tf.Optimizer {
  /** The current one, if it follows a schedule; a number or another schedule may be set. */
  learningRate: number | Schedule;
  /** Leave out weights from weight decay whose name has one of these texts in it. */
  excludeFromWeightDecay(texts: readonly string[]): void;
  /** With `useEma`, put the moving averages into the weights. */
  finalizeVariableValues(): void;
}

export interface Schedule {
  /** The learning rate after so many steps. */
  at(step: number): number;
  getConfig(): Settings;
}

export interface LossOptions {
  mask?: tf.Tensor | null;
  sampleWeight?: tf.Tensor | null;
}

/** For `model.compile({loss})`. */
export type Loss = (yTrue: tf.Tensor, yPred: tf.Tensor, options?: LossOptions) => tf.Tensor;

export interface Metric {
  readonly name: string;
  /** Count one batch. */
  updateState(
    yTrue: tf.Tensor,
    yPred: tf.Tensor,
    sampleWeight?: tf.Tensor | null,
    options?: { mask?: tf.Tensor | null },
  ): void;
  /** What the metric is after all batches. */
  result(): tf.Tensor;
  resetState(): void;
  dispose(): void;
}

export type OptimizerName =
  | "Adadelta"
  | "Adafactor"
  | "Adagrad"
  | "Adam"
  | "AdamW"
  | "Adamax"
  | "Ftrl"
  | "Lamb"
  | "Lion"
  | "Muon"
  | "Nadam"
  | "RMSprop"
  | "SGD"
  | "ScheduleFreeAdamW";

export type ScheduleName =
  | "CosineDecay"
  | "CosineDecayRestarts"
  | "ExponentialDecay"
  | "InverseTimeDecay"
  | "PiecewiseConstantDecay"
  | "PolynomialDecay";

export type LossName =
  | "BinaryCrossentropy"
  | "BinaryFocalCrossentropy"
  | "CategoricalCrossentropy"
  | "CategoricalFocalCrossentropy"
  | "CategoricalGeneralizedCrossEntropy"
  | "CategoricalHinge"
  | "Circle"
  | "CosineSimilarity"
  | "Dice"
  | "Hinge"
  | "Huber"
  | "KLDivergence"
  | "LogCosh"
  | "MeanAbsoluteError"
  | "MeanAbsolutePercentageError"
  | "MeanSquaredError"
  | "MeanSquaredLogarithmicError"
  | "Poisson"
  | "SparseCategoricalCrossentropy"
  | "SquaredHinge"
  | "Tversky";

export type MetricName =
  | "AUC"
  | "Accuracy"
  | "BinaryAccuracy"
  | "BinaryCrossentropy"
  | "BinaryFocalCrossentropy"
  | "BinaryIoU"
  | "CategoricalAccuracy"
  | "CategoricalCrossentropy"
  | "CategoricalFocalCrossentropy"
  | "CategoricalGeneralizedCrossEntropy"
  | "CategoricalHinge"
  | "Circle"
  | "ConcordanceCorrelation"
  | "CosineSimilarity"
  | "Dice"
  | "F1Score"
  | "FBetaScore"
  | "FalseNegatives"
  | "FalsePositives"
  | "Hinge"
  | "Huber"
  | "IoU"
  | "KLDivergence"
  | "LogCosh"
  | "LogCoshError"
  | "MeanAbsoluteError"
  | "MeanAbsolutePercentageError"
  | "MeanIoU"
  | "MeanSquaredError"
  | "MeanSquaredLogarithmicError"
  | "OneHotIoU"
  | "OneHotMeanIoU"
  | "PearsonCorrelation"
  | "Poisson"
  | "Precision"
  | "PrecisionAtRecall"
  | "R2Score"
  | "Recall"
  | "RecallAtPrecision"
  | "RootMeanSquaredError"
  | "SensitivityAtSpecificity"
  | "SparseCategoricalAccuracy"
  | "SparseCategoricalCrossentropy"
  | "SparseTopKCategoricalAccuracy"
  | "SpecificityAtSensitivity"
  | "SquaredHinge"
  | "TopKCategoricalAccuracy"
  | "TrueNegatives"
  | "TruePositives"
  | "Tversky";

export interface Training {
  readonly optimizers: Record<OptimizerName, new (settings?: OptimizerSettings) => Optimizer>;
  readonly schedules: Record<ScheduleName, new (settings: Settings) => Schedule>;
  readonly losses: Record<LossName, (settings?: Settings) => Loss>;
  readonly metrics: Record<MetricName, new (settings?: Settings) => Metric>;
}

/** A model of `@train`, as `tf.loadLayersModel` returns it; TensorFlow.js's types lack this. */
export interface TrainedModel extends tf.LayersModel {
  optimizer: Optimizer;
  /** Begin the running results of `trainOnBatch` anew. */
  resetMetrics(): void;
}

/** Make training with Keras's numbers known to a TensorFlow.js, before a model is loaded. */
export declare function register(tensorflow: typeof tf): Training;

export declare const optimizers: Training["optimizers"];
export declare const schedules: Training["schedules"];
export declare const losses: Training["losses"];
export declare const metrics: Training["metrics"];

declare const training: Training & { register: typeof register };
export default training;
