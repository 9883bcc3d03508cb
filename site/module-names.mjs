import { Converter, ReflectionKind } from 'typedoc';
import { modules } from '../modules.mjs';

/** What TypeDoc calls a module: its path below src/. */
const nameOf = (source) => source.replace(/^\.\/src\//, '').replace(/(\/index)?\.ts$/, '');
const specifiers = new Map(modules.map(({ source, specifier }) => [nameOf(source), specifier]));

/** A plugin for TypeDoc: modules are called what users import. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = specifiers.get(reflection.name) ?? reflection.name;
  });
}
