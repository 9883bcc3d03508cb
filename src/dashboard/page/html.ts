/** The pages. `base` has been checked, and is all that varies: data comes later, and never as HTML. */
export function mainPage(base: string): string {
  return page(
    base,
    `<header>
  <h1>Locks</h1>
  <p id="connection" role="status">Connecting…</p>
</header>
<main data-base="${base}">
  <ul id="problems" role="alert"></ul>
  <section aria-labelledby="tables-title">
    <h2 id="tables-title">Tables</h2>
    <div id="tables"></div>
  </section>
  <section aria-labelledby="jobs-title">
    <h2 id="jobs-title">Jobs</h2>
    <div id="jobs"></div>
  </section>
  <noscript>This page needs its script.</noscript>
</main>
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
