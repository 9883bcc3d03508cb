import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import { createAccess, sessionMs } from './access.ts';
import { createArchive } from './archive.ts';
import { askedIn } from './asked.ts';
import { createChronicle } from './chronicle.ts';
import { createObservatory } from './observatory.ts';
import { checkOptions, type DashboardOptions } from './options.ts';
import { files } from './page/files.ts';
import { loginPage, mainPage } from './page/html.ts';
import { unlockShown } from './unlock.ts';

/** Answers requests, as a fetch handler does. */
export type Dashboard = (request: Request) => Promise<Response>;

const cookieName = 'giveway_dashboard';
const keepAliveMs = 15_000;
const longestBody = 64 * 1024;

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'",
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The dashboard as a fetch handler, to mount in any server. Asks nothing of the store while nobody watches. Throws `InvalidOptionError`. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const {
    locker,
    resources = [],
    listsAll = false,
    journal,
    token,
    unlock,
    starveAfterSkips = 10,
    environment,
    store,
    forecast,
    refreshMs = 1_000,
  } = checkOptions(options);
  const base = (options.basePath ?? '/').replace(/\/+$/, '');
  const access = token === undefined ? undefined : createAccess(token);
  const remove = access && unlock;
  const chronicle = journal && createChronicle(journal);
  const archive = chronicle && createArchive({ chronicle, forecast, starveAfterSkips });
  const observatory = createObservatory({
    ...{ locker, resources, listsAll, chronicle, starveAfterSkips, refreshMs, environment, store },
    canUnlock: remove !== undefined,
  });

  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  });
  app.use(bodyLimit({ maxSize: longestBody }));
  // A broken store is a fact to show, and a name that is none the asker's fault; what else there is to say is not for browsers.
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error.name === 'InvalidOptionError') return c.json({ error: 'request' }, 400);
    return c.json({ error: error.name === 'StoreUnavailableError' ? 'store-down' : 'internal' }, 503);
  });
  app.notFound((c) => c.json({ error: 'not-found' }, 404));
  for (const [path, { type, text }] of Object.entries(files)) app.get(path, (c) => c.body(text, 200, { 'Content-Type': type }));

  app.post('/login', async (c) => {
    const { token: given } = await c.req.parseBody().catch((): Record<string, unknown> => ({}));
    if (access === undefined || typeof given !== 'string' || !access.isToken(given)) return c.html(loginPage(base, true), 401);
    const secure = new URL(c.req.url).protocol === 'https:';
    setCookie(c, cookieName, access.newSession(), {
      path: `${base}/`,
      httpOnly: true,
      sameSite: 'Strict',
      secure,
      maxAge: sessionMs / 1_000,
    });
    return c.redirect(`${base}/`, 303);
  });

  app.use(async (c, next) => {
    if (access === undefined) return next();
    const bearer = /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
    if (bearer === undefined ? access.isSession(getCookie(c, cookieName) ?? '') : access.isToken(bearer)) return next();
    return c.req.path === '/' ? c.html(loginPage(base, false), 401) : c.json({ error: 'token' }, 401, { 'WWW-Authenticate': 'Bearer' });
  });

  app.get('/', (c) => c.html(mainPage(base)));
  app.get('/api/view', async (c) => c.json(await observatory.look()));
  app.get('/api/past', async (c) => {
    const asked = askedIn(c.req.query());
    if (archive === undefined) return c.json({ error: 'no-journal' }, 404);
    if (asked === undefined) return c.json({ error: 'request' }, 400);
    const job = c.req.query('job');
    return c.body(await (job === undefined ? archive.past(asked) : archive.job(job, asked)), 200, { 'Content-Type': 'application/json' });
  });
  app.get('/api/events', (c) => {
    // Nobody would read the stream, or end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async (stream) => {
      let told = '';
      let toldMs = 0;
      while (!stream.aborted) {
        const { atMs, ...rest } = await observatory.look();
        const news = JSON.stringify(rest);
        if (news !== told || performance.now() - toldMs >= keepAliveMs) {
          await stream.writeSSE({ data: JSON.stringify({ atMs, ...rest }) });
          told = news;
          toldMs = performance.now();
        }
        await stream.sleep(Math.min(refreshMs, keepAliveMs));
      }
    });
  });

  app.post('/api/unlock', async (c) => {
    if (remove === undefined) return c.json({ error: 'no-unlock' }, 403);
    // Another site may send a form here with the browser's cookie, but no JSON.
    const isForeign = !['same-origin', undefined].includes(c.req.header('Sec-Fetch-Site'));
    if (isForeign || !/^application\/json\b/i.test(c.req.header('Content-Type') ?? '')) return c.json({ error: 'foreign' }, 403);
    const asked = await c.req.json().catch(() => undefined);
    if (!isUnlockRequest(asked)) return c.json({ error: 'request' }, 400);
    if (asked.confirm !== asked.resource) return c.json({ error: 'confirm' }, 400);
    const isRemoved = await unlockShown(locker, remove, asked.resource, asked.holders);
    return isRemoved ? c.json({ outcome: 'removed' }) : c.json({ outcome: 'changed' }, 409);
  });

  return async (request) => app.fetch(base === '' ? request : withoutBase(request, base));
}

/** Some servers take the mount's path off, some do not. */
function withoutBase(request: Request, base: string): Request {
  const url = new URL(request.url);
  if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return request;
  url.pathname = url.pathname.slice(base.length);
  return new Request(url, request);
}

function isUnlockRequest(value: unknown): value is { resource: string; holders: string[]; confirm: unknown } {
  const { resource, holders } = (value ?? {}) as { resource?: unknown; holders?: unknown };
  return typeof resource === 'string' && Array.isArray(holders) && holders.every((id) => typeof id === 'string');
}
