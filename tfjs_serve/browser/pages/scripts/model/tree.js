// From the facts of a model to a tree of its layers, in which models have children.

/**
 * @param data {layers: [[path, class, became, shape, parameters, inputs]], models}, as the page has
 * it.
 * @return The outermost model: {path, name, kind, became, shape, parameters, inputs, children,
 * entries, exits}; layers have no children.
 */
export function treeOf(data) {
  const models = new Map(data.models.map((model) => [model.path, newModel(model)]));
  const root = models.get("");
  const wrappers = new Map();
  for (const [path, kind, became, shape, parameters, inputs] of data.layers) {
    const around = nearest(path, wrappers);
    if (around) {
      around.parameters += parameters;
      continue;
    }
    const parent = place(path, models);
    const layer = { path, name: nameIn(parent, path), kind, became, shape, parameters, inputs };
    parent.children.push(layer);
    wrappers.set(path, layer);
  }
  count(root);
  return root;
}

function newModel({ path, className, inputs, entries, exits }) {
  return { path, kind: className, inputs, entries, exits, children: [], shape: "", parameters: 0 };
}

/** Return the model that a layer is in; it is put into the tree if it is not there yet. */
function place(path, models) {
  const model = nearest(path, models) ?? models.get("");
  if (model.path && !model.parent) {
    model.parent = place(model.path, models);
    model.name = nameIn(model.parent, model.path);
    model.parent.children.push(model);
  }
  return model;
}

/** Return the innermost of `nodes` that is around a path. */
function nearest(path, nodes) {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const found = nodes.get(path.slice(0, end));
    if (found) return found;
  }
  return undefined;
}

const nameIn = (parent, path) => (parent.path ? path.slice(parent.path.length + 1) : path);

/** Add up layers and parameters of models, and tell the shapes of their outputs. */
function count(model) {
  model.layers = 0;
  for (const child of model.children) {
    if (child.children) count(child);
    model.layers += child.layers ?? 1;
    model.parameters += child.parameters;
  }
  const last = model.children.find((child) => child.name === model.exits[0]);
  model.shape = last?.shape ?? "";
}

/** Yield the models inside of a model. */
export function* modelsIn(model) {
  for (const child of model.children) {
    if (!child.children) continue;
    yield child;
    yield* modelsIn(child);
  }
}

/** Whether there is such a layer in a model. */
export function someLayer(model, isSuch) {
  return model.children.some((child) => (child.children ? someLayer(child, isSuch) : isSuch(child)));
}
