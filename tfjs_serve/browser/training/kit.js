// The frame of training.js: how its parts are declared, and register(tf).
//
// A part declares classes with the page's own TensorFlow.js. So it is a function, which runs when
// the page calls `register(tf)`; it gets `{tf, PACKAGE, ...}` and what the parts that it needs have
// returned. What the parts declare as optimizers, schedules, losses and metrics is offered to pages
// under Keras's names, with Keras's arguments as an object in camel case.

const PACKAGE = "tfjs-serve/training.js";
const parts = [];
const registered = new WeakSet();
const offered = { optimizers: {}, schedules: {}, losses: {}, metrics: {} };

/** Declare a part; `name` is that of the file without its ending, `needs` are names of parts. */
function part(name, needs, declare) {
  parts.push({ name, needs, declare });
}

/** What a part is given; a name that is not in it is a mistake in the part. */
function strict(name, given) {
  return new Proxy(given, {
    get(all, key) {
      if (key in all) return all[key];
      throw new Error(`${name}.js gets no ${String(key)}: it has to need the part that returns it`);
    },
  });
}

/** Make training with Keras's numbers known to a page's TensorFlow.js; a second call is idle. */
function register(tf) {
  if (registered.has(tf.layers)) return offered;
  registered.add(tf.layers);
  const kit = { tf, PACKAGE, offered, ...settingsKit(), ...numbersKit(tf) };
  const returned = {};
  for (const { name, needs, declare } of parts) {
    const given = Object.assign({}, kit, ...needs.map((need) => returned[need]));
    returned[name] = declare(strict(name, given)) ?? {};
    for (const [kind, table] of Object.entries(offered)) {
      Object.assign(table, returned[name][kind]);
    }
  }
  return offered;
}

/**
 * Offer `register(tf)`, and what it registers, to pages, to training.mjs and to Node, as the
 * exports of a `module`. If the page has loaded TensorFlow.js already, register with it.
 */
function publish(module) {
  const training = { register, ...offered };
  globalThis.tfjsServeTraining = training;
  if (module?.exports) module.exports = training;
  if (globalThis.tf?.layers) register(globalThis.tf);
}

// --- Settings ---------------------------------------------------------------------------------

function settingsKit() {
  /** A name as pages write it: `beta1` for Keras's `beta_1`. */
  const camelCase = (name) => name.replace(/_+(\w|$)/g, (_, letter) => letter.toUpperCase());
  const asList = (value) => (Array.isArray(value) ? value : [value]);
  const kindOf = (value) =>
    Array.isArray(value) ? "list" : value === null ? "null" : typeof value;

  const isRight = (value, fallback) =>
    fallback === null || value === null || kindOf(value) === kindOf(fallback);

  /**
   * The settings that were given, with those that were not filled in.
   *
   * @param owner says whose settings these are, for errors.
   * @param defaults all names in camel case, with the default value or `undefined` where there is
   *     none; a given value has to be of the same kind as the default, unless one of them is null.
   */
  function settings(owner, defaults, given = {}) {
    const result = { ...defaults };
    for (const [key, value] of Object.entries(given ?? {})) {
      const name = camelCase(key);
      if (!Object.hasOwn(defaults, name)) {
        throw new Error(
          `${owner} has no setting ${key}; it has ${Object.keys(defaults).join(", ")}`,
        );
      }
      if (value === undefined) continue;
      const fallback = defaults[name];
      if (fallback !== undefined && !isRight(value, fallback)) {
        const kinds = `a ${kindOf(fallback)}, not ${JSON.stringify(value)}`;
        throw new Error(`The setting ${key} of ${owner} has to be ${kinds}`);
      }
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new Error(`The setting ${key} of ${owner} has to be finite, not ${value}`);
      }
      result[name] = value;
    }
    const missing = Object.keys(result).find((name) => result[name] === undefined);
    if (missing !== undefined) throw new Error(`${owner} lacks the setting ${missing}`);
    return result;
  }

  /** Throw an error that names a setting, unless its value is as it has to be. */
  function insist(isFine, owner, name, wanted, value) {
    if (isFine) return;
    const what = JSON.stringify(value);
    throw new Error(`The setting ${name} of ${owner} has to be ${wanted}, not ${what}`);
  }

  /** An entry of a table by the name of a class; `kind` says what the table has. */
  function called(table, kind, name) {
    if (Object.hasOwn(table, name)) return table[name];
    const known = Object.keys(table).join(", ");
    throw new Error(`training.js has no ${kind} ${name}; it has ${known}`);
  }

  /** Class name and settings of what Keras has serialised, or a page's TensorFlow.js. */
  const spelledOut = ({ class_name, className, config }) => ({
    name: class_name ?? className,
    config: config ?? {},
  });

  return { camelCase, asList, settings, insist, called, spelledOut };
}

// --- Numbers ----------------------------------------------------------------------------------

function numbersKit(tf) {
  /** Keras's `backend.epsilon()`. */
  const EPSILON = 1e-7;
  const float = (tensor) => (tensor.dtype === "float32" ? tensor : tf.cast(tensor, "float32"));

  /** `a / b`, and 0 where b is 0; on webgl 0/0 is 1, so the divisor is changed first. */
  function divideNoNan(a, b) {
    const isZero = float(tf.equal(b, 0));
    return tf.mul(tf.div(a, tf.add(b, isZero)), tf.sub(1, isZero));
  }

  /** Keras's `squeeze_or_expand_to_same_rank`: makes (N, 1) and (N,) alike. */
  function sameRank(one, other, expandRank1 = true) {
    if (one.rank === other.rank + 1) return sameRank(other, one, expandRank1).reverse();
    if (other.rank !== one.rank + 1 || other.shape[other.rank - 1] !== 1) return [one, other];
    if (one.rank === 1 && expandRank1) return [tf.expandDims(one, -1), other];
    return [one, tf.squeeze(other, [-1])];
  }

  /** Sum over an axis, or over all axes where it is null. */
  const sumOver = (tensor, axis) => tf.sum(tensor, axis === null ? undefined : axis);
  const f32 = Math.fround;

  return { EPSILON, float, divideNoNan, sameRank, sumOver, f32 };
}
