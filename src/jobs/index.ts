export { type OncePerFireOptions, oncePerFire } from './once-per-fire.ts';
