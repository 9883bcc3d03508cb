// A name begins at the last "?" or "&" before its "=": from each of them, many would cost their square.
const parameterName = /[?&]([^=&?#\s]*)=/g;
const parameterValue = /[^&#\s"'`]*/y;
const secretName = /pass|pwd|secret|token|key|auth|cred|user/i;

/**
 * A store URL that may be shown: user, password and telling query parameters become `***`.
 * Works on text that is not a correct URL too, and rather hides too much: what is wrong with it may be the password.
 */
export function redactUrl(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(url) ?? [];
  const at = rest.lastIndexOf('@');
  if (at !== -1) return `${scheme}***@${hideParameters(rest.slice(at + 1))}`;
  return scheme + (scheme === '' ? rest : hideParameters(hideFalsePorts(rest)));
}

/** What may be shown of a value in the wrong place: text there may be a password, or a URL with one. */
export function hidden(value: unknown): unknown {
  return typeof value === 'string' && value !== '' ? '…' : value;
}

/** Text that may be shown: the same for every URL in it. */
export function redactText(text: string): string {
  return hideParameters(
    text
      .split(/(?<=[\n"'`])/)
      .map(hideLogin)
      .join(''),
  );
}

/** A copy of what was thrown, without credentials. Not the thing itself: `new URL()`, for one, keeps its input in a field. */
export function cleanError(error: unknown): Error {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return Object.assign(new Error(redactText(message)), { name, stack: redactText(stack) });
}

/** From the first scheme of what stands in one line and between two quotes, to its last `@`. */
function hideLogin(text: string): string {
  const start = text.search(/[a-z0-9+.-]:\/\//i) + '_://'.length;
  const end = text.lastIndexOf('@');
  return start < '_://'.length || end < start ? text : `${text.slice(0, start)}***${text.slice(end)}`;
}

function hideParameters(text: string): string {
  let shown = '';
  let next = 0;
  for (const found of text.matchAll(parameterName)) {
    const valueAt = found.index + found[0].length;
    if (found.index < next || !secretName.test(found[1] ?? '')) continue;
    shown += `${text.slice(next, valueAt)}***`;
    parameterValue.lastIndex = valueAt;
    parameterValue.exec(text);
    next = parameterValue.lastIndex;
  }
  return shown + text.slice(next);
}

/** `user:password` where the `@host` was forgotten reads as a host and a port; a port is a number. */
function hideFalsePorts(rest: string): string {
  const end = rest.search(/[/?#]/);
  const hosts = end === -1 ? rest : rest.slice(0, end);
  const shown = hosts.replace(/(^|,)([^[,:]*):(?!\d{1,5}(?:,|$))[^,]*/g, '$1$2:***');
  return shown + (end === -1 ? '' : rest.slice(end).replace(/#.*/s, '#***'));
}
