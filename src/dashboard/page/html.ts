/** The pages. `base` has been checked, and is all that varies: data comes later, and never as HTML. */
export function mainPage(base: string): string {
  return page(
    base,
    `<header>
  <h1 id="title" tabindex="-1">Locks</h1>
  <p id="place"></p>
  <p id="connection" role="status">Connecting…</p>
</header>
<main data-base="${base}">
  <div role="alert"><ul id="problems"></ul></div>
  <section aria-labelledby="now-title">
    <h2 id="now-title">Now</h2>
    <div id="now"></div>
  </section>
  <p id="no-journal" class="faint" hidden>There is no journal: what happened before is not known.</p>
  <div id="range" class="range" role="group" aria-label="The time shown" hidden>
    <button type="button" data-last="1h">1 h</button>
    <button type="button" data-last="24h">24 h</button>
    <button type="button" data-last="7d">7 d</button>
    <button type="button" data-move="earlier" aria-label="Earlier" title="Earlier">←</button>
    <button type="button" data-move="later" aria-label="Later" title="Later">→</button>
    <button type="button" data-move="in" aria-label="Zoom in" title="Zoom in">+</button>
    <button type="button" data-move="out" aria-label="Zoom out" title="Zoom out">−</button>
    <span id="shown" class="faint" role="status"></span>
  </div>
  <div id="board">
    <section class="of-past" aria-labelledby="timeline-title" hidden>
      <h2 id="timeline-title">Timeline</h2>
      <div id="frame"><div id="timeline" class="lanes"></div><div id="chosen" hidden></div></div>
    </section>
    <div class="columns">
      <section class="of-past" aria-labelledby="pairs-title" hidden>
        <h2 id="pairs-title">Who blocks whom</h2>
        <div id="pairs"></div>
      </section>
      <section class="of-past" aria-labelledby="advice-title" hidden>
        <h2 id="advice-title">What would help</h2>
        <div id="advice"></div>
      </section>
    </div>
    <section class="of-past" aria-labelledby="jobs-title" hidden>
      <h2 id="jobs-title">Jobs</h2>
      <div id="jobs"></div>
    </section>
  </div>
  <section id="job-page" aria-labelledby="job-title" hidden>
    <p><a href="#last=1h">All tables</a></p>
    <h2 id="job-title" tabindex="-1"></h2>
    <div id="job"></div>
  </section>
  <noscript>This page needs its script.</noscript>
</main>
<div id="tip" hidden></div>
<div id="said" class="unseen" role="status"></div>
<dialog id="unlock" aria-labelledby="unlock-title">
  <form method="dialog">
    <h2 id="unlock-title">Remove the lock on <bdi id="unlock-resource"></bdi>?</h2>
    <ul id="unlock-holders"></ul>
    <p>Only do this if the holder is gone: a process that still runs goes on without its lock.</p>
    <p id="unlock-answer" role="status"></p>
    <menu>
      <button value="cancel" autofocus>Cancel</button>
      <button value="remove" class="danger" id="unlock-remove">Remove the lock</button>
    </menu>
  </form>
</dialog>
<script src="${base}/page.js"></script>`,
  );
}

export function loginPage(base: string, isRefused: boolean): string {
  return page(
    base,
    `<main class="login">
  <h1>Locks</h1>
  <form method="post" action="${base}/login">
    <label for="token">Token</label>
    <input id="token" name="token" type="password" autocomplete="current-password" required autofocus${isRefused ? ' aria-describedby="refused" aria-invalid="true"' : ''}>
    ${isRefused ? '<p id="refused" role="alert">That is not the token.</p>' : ''}
    <button>Show the locks</button>
  </form>
</main>`,
  );
}

function page(base: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>giveway: locks</title>
<link rel="icon" href="${base}/icon.svg">
<link rel="stylesheet" href="${base}/page.css">
</head>
<body>
${body}
</body>
</html>
`;
}
