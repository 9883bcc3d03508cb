/** Does this value of `GIVEWAY_DISABLED` ask for no locks? */
export function isDisabled(text = ''): boolean {
  return /^(?:1|true)$/i.test(text);
}
