// The frame of each layers.js: how its layers are declared, and register(tf).
//
// A part declares layers with the classes of the page's own TensorFlow.js. So it is a function,
// which runs when the page calls `register(tf)`. The configuration that the converter has written
// has the arguments and the variables of a layer, and the shapes of its calls. What is left to
// declare is a function of tensors, which has a gradient because tf's operations have.
//
// A model gets this file, backends.js, ranks.js, and the parts with its layers and what these need.
// So a page with several models has several frames, which know nothing of each other; see `define`.

const PACKAGE = "tfjs-serve/layers.js";
const parts = [];
const registered = new WeakSet();

/**
 * Declare layers.
 *
 * `name` is the path of the file without its ending. `needs` are the names of parts. When a page
 * calls register, `declare` gets `{tf, layer, CompanionLayer, ...}` and what the parts that it
 * needs have returned, and returns what it has for others. It is not given anything else, so
 * whatever a part uses is in the script beside a model.
 */
function part(name, needs, declare) {
  parts.push({ name, needs, declare });
}

/**
 * Declare the operations of one family, which are in `operations/<name>.js` here and in
 * `specs/<name>.py` of the converter. `declare` gets the same as for a part, and calls `taking`.
 */
function family(name, needs, declare) {
  const path = `operations/${name}`;
  part(path, ["operations", ...needs], ({ declaring, ...kit }) =>
    declare(strict(path, { ...kit, ...declaring(name) })),
  );
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

/** Register the layers with a page's TensorFlow.js; the second call changes nothing. */
function register(tf) {
  if (registered.has(tf.layers)) return;
  registered.add(tf.layers);
  const kit = makeKit(withAllRanks(rightOnAllBackends(tf)));
  const returned = {};
  for (const { name, needs, declare } of parts) {
    const given = Object.assign({}, kit, ...needs.map((need) => returned[need]));
    returned[name] = { ...returned[name], ...declare(strict(name, given)) };
  }
}

/**
 * Offer `register(tf)` to pages, to layers.mjs and to Node, as the exports of a `module`. If the
 * page has loaded TensorFlow.js already, register the layers with it.
 */
function publish(module) {
  const { tf, tfjsServeLayers: earlier } = globalThis;
  const layers = {
    register(given) {
      // A page that calls this once means the layers of all models.
      earlier?.register(given);
      register(given);
    },
  };
  globalThis.tfjsServeLayers = layers;
  if (module?.exports) module.exports = layers;
  if (tf?.layers) register(tf);
}

const MISMATCH = "LayersMismatchError";

function mismatch(what) {
  const error = new Error(
    `${what}. Load the layers.js that belongs to this model.json: both must be of the same ` +
      "version of tfjs-serve.",
  );
  return Object.assign(error, { name: MISMATCH });
}

/**
 * Return the arguments of a layer or an operation by name, all that it declares and no others.
 *
 * An argument whose declared name ends with "?" may be missing and is null then. If "..." is
 * declared, there may be any others. An argument that is not declared cannot be read, so that
 * nothing is computed with undefined.
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

/** The arguments that the converter has written for a layer. */
function declaredBy(layer) {
  const { className, declared } = layer.constructor;
  return checked(`The layer ${layer.name} (${className})`, declared, layer.given);
}

/** An entry of a table by its name; `what` says which kind of entry it is. */
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

    /** The shapes that the converter has written for such inputs; batch sizes may differ. */
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
   * Register a class under one or more names, and declare its arguments, which `checked` holds
   * against those of each layer. The converter reads this list, too (`declared_arguments` in
   * companion.py). Returns the class of the first name.
   *
   * A page with several models has several scripts, which may have the same class: with other
   * operations, or of another version. The last one replaces those before it, so it hands on to
   * them what it does not know itself.
   */
  function define(names, declared, cls) {
    const classes = tf.serialization.SerializationMap.getMap().classNameMap;
    const made = asList(names).map((name) => {
      const className = `${PACKAGE}>${name}`;
      const [earlier] = classes[className] ?? [];
      const named = class extends cls {
        static fromConfig(own, config, ...rest) {
          try {
            return super.fromConfig(own, { ...config }, ...rest);
          } catch (error) {
            if (!earlier || error.name !== MISMATCH) throw error;
            return earlier.fromConfig(earlier, config, ...rest);
          }
        }
      };
      Object.defineProperty(named, "className", { value: className });
      Object.defineProperty(named, "declared", { value: declared });
      tf.serialization.registerClass(named);
      return named;
    });
    return made[0];
  }

  /**
   * Declare a layer that is a function: `compute(inputs, context)` takes a list of tensors and
   * `{args, weights, training, mask, layer}`, and returns a tensor or a list of them. `inspect`
   * throws if there is a mistake within one of the arguments. See `define` for `declared`, and for
   * the class that is returned.
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

  const helpers = { asList, mapped, called, checked, declaredBy };
  return { tf, CompanionLayer, define, layer, ...helpers };
}
