// Which events are about the model at a URL. Pure.

const VARIANT = /@([a-z0-9]+)$/;

/**
 * Return what a URL of a model.json names on a server: `{names, variant}`.
 *
 * A model may be called by its name or by that of its file; what looks like a variant may be part
 * of either.
 */
export function addressOf(url, root) {
  const path = new URL(url).pathname.slice(new URL(root).pathname.length);
  const name = path.split("/").slice(0, -1).map(decodeURIComponent).join("/");
  const variant = VARIANT.exec(name)?.[1] ?? null;
  return { names: [name, name.replace(VARIANT, "")], variant };
}

/** Whether an event is about that model, in whatever variant. */
export function isAbout({ names }, event) {
  return names.includes(event.name) || names.includes(event.exactName);
}

/** Whether an event about that model is about the variant, too. */
export function isAboutVariant({ variant }, event) {
  if (!event.variant || event.variant === variant) return true;
  return variant === null && event.isDefault;
}
