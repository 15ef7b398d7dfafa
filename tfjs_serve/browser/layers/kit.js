// The frame of layers.js: how its layers are declared, and register(tf).
//
// A part declares layers with the classes of the page's own TensorFlow.js, so it is a function
// that runs when the page hands its `tf` over. What a Keras layer was made with, which variables
// it has and what shapes its calls have is in the configuration that the converter wrote; a layer
// is then one function of tensors, differentiable because tf's operations are.

const PACKAGE = "tfjs-serve/layers.js";
const parts = [];
const registered = new WeakSet();

/** Declare layers: `declare` gets `{tf, layer, CompanionLayer, ...}` when a page registers. */
function part(declare) {
  parts.push(declare);
}

/**
 * Declare the operations of one family: `operations/<name>.js`, to which `specs/<name>.py` of the
 * converter belongs. `declare` gets what that of a part gets, and calls `taking`.
 */
function family(name, declare) {
  part((kit) => {
    kit.family = name;
    declare(kit);
  });
}

/** Make the layers known to a page's TensorFlow.js; doing it twice changes nothing. */
function register(tf) {
  if (registered.has(tf.layers)) return;
  registered.add(tf.layers);
  const kit = makeKit(withAllRanks(tf));
  for (const declare of parts) declare(kit);
}

const mismatch = (what) =>
  new Error(
    `${what}. Load the layers.js that belongs to this model.json: both must be of the same ` +
      "version of tfjs-serve.",
  );

/**
 * Return the arguments of a layer or an operation: those that it declares, by name.
 *
 * A name with a "?" may be missing, which is null; after "..." there may be any others. What is
 * not declared cannot be read either, so that nothing is computed with undefined.
 */
function checked(owner, declared, given) {
  const isOpen = declared.includes("...");
  const names = declared.filter((name) => name !== "...").map((name) => name.replace("?", ""));
  const missing = names.find((name) => declared.includes(name) && !(name in given));
  if (missing !== undefined) throw mismatch(`${owner} lacks the argument ${missing}`);
  const unknown = Object.keys(given).find((name) => !isOpen && !names.includes(name));
  if (unknown !== undefined) throw mismatch(`${owner} has no argument ${unknown}`);
  const absent = Object.fromEntries(names.map((name) => [name, null]));
  return new Proxy({ ...absent, ...given }, {
    get(all, name) {
      if (!(name in all)) throw new Error(`${owner} does not declare the argument ${String(name)}`);
      return all[name];
    },
  });
}

/** The arguments with which the converter made a layer. */
function declaredBy(layer) {
  const { className, declared } = layer.constructor;
  return checked(`The layer ${layer.name} (${className})`, declared, layer.given);
}

/** One of what a table has by name. */
function called(table, what, name) {
  if (!(name in table)) throw mismatch(`There is no ${what} ${name} in layers.js`);
  return table[name];
}

const mapped = (table, change) =>
  Object.fromEntries(Object.entries(table).map(([name, item]) => [name, change(item)]));
const asList = (value) => (Array.isArray(value) ? value : [value]);
const sameShape = (one, other) =>
  one.length === other.length && one.every((size, axis) => size === other[axis]);

function makeKit(tf) {
  /** A layer whose variables and output shapes are in its configuration. */
  class CompanionLayer extends tf.layers.Layer {
    constructor(config) {
      super(config);
      this.given = config.arguments;
      this.args = declaredBy(this);
      this.variables = config.variables;
      this.shapes = config.shapes;
      this.passesMask = config.passesMask;
      this.supportsMasking = true;
      this.variable = {};
    }

    build(inputShape) {
      for (const { name, shape, trainable } of this.variables) {
        const zeros = tf.initializers.zeros();
        this.variable[name] = this.addWeight(name, shape, "float32", zeros, null, trainable);
      }
      super.build(inputShape);
    }

    /** What the converter worked out for inputs of these shapes; the batch size may differ. */
    computeOutputShape(inputShape) {
      const given = Array.isArray(inputShape[0]) ? inputShape : [inputShape];
      const matches = ([inputs]) =>
        inputs.length === given.length &&
        inputs.every((shape, index) => sameShape(shape.slice(1), given[index].slice(1)));
      const [, outputs] = this.shapes.find(matches) ?? this.shapes[0] ?? [null, given];
      return outputs.length === 1 ? outputs[0] : outputs;
    }

    computeMask(inputs, mask) {
      const passed = this.passesMask ? asList(mask)[0] ?? null : null;
      const outputs = this.shapes[0]?.[1].length ?? 1;
      return outputs === 1 ? passed : [passed, ...Array(outputs - 1).fill(null)];
    }

    getConfig() {
      const { given, variables, shapes, passesMask } = this;
      return { ...super.getConfig(), arguments: given, variables, shapes, passesMask };
    }
  }

  /**
   * Register a class under one or more names, with the arguments that `checked` is to find; the
   * converter reads them here, too (`declared_arguments` in companion.py). Returns the class that
   * was registered first.
   */
  function define(names, declared, cls) {
    const made = asList(names).map((name) => {
      const named = class extends cls {};
      Object.defineProperty(named, "className", { value: `${PACKAGE}>${name}` });
      Object.defineProperty(named, "declared", { value: declared });
      tf.serialization.registerClass(named);
      return named;
    });
    return made[0];
  }

  /**
   * Declare a layer that is a function: `compute(inputs, context)` takes a list of tensors and
   * `{args, weights, training, mask, layer}`, and returns a tensor or a list of them. `inspect`
   * throws if there is something wrong within the arguments. For `declared` and what is returned,
   * see `define`.
   */
  function layer(name, declared, compute, inspect = () => {}) {
    return define(
      name,
      declared,
      class extends CompanionLayer {
        constructor(config) {
          super(config);
          inspect(this.args);
        }

        call(inputs, kwargs) {
          const weights = {};
          for (const key of Object.keys(this.variable)) weights[key] = this.variable[key].read();
          return tf.tidy(() =>
            compute(asList(inputs), {
              args: this.args,
              weights,
              training: kwargs?.training ?? false,
              mask: kwargs?.mask ?? null,
              layer: this,
            }),
          );
        }
      },
    );
  }

  const shared = { activations: {}, operations: {}, numeric: {} };
  return { tf, CompanionLayer, define, layer, asList, mapped, ...shared };
}
