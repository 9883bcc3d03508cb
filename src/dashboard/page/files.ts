import { script } from './script.ts';
import { styles } from './styles.ts';

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#2563eb" d="M8 1 15 14H1z"/></svg>`;

/** What the pages load. Open to everybody: nothing here tells of locks. */
export const files: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  '/page.js': { type: 'text/javascript; charset=utf-8', text: script },
  '/page.css': { type: 'text/css; charset=utf-8', text: styles },
  '/icon.svg': { type: 'image/svg+xml', text: icon },
};
