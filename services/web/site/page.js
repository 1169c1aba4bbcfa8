// Asks each component, every ten seconds, whether it answers, and makes the commands copyable.
const cards = [...document.querySelectorAll('[data-check]')];
const summary = document.getElementById('summary');

/**
 * Whether something answers. Another port is another origin, whose answer a page may not read: that one came is enough.
 * The API is behind this very gateway, which answers also when the API does not, so there the status counts.
 */
async function answers(card) {
  const { check, here } = card.dataset;
  const signal = AbortSignal.timeout(4000);
  try {
    const mode = here === undefined ? 'no-cors' : 'same-origin';
    const answer = await fetch(check, { mode, signal, cache: 'no-store', credentials: 'omit' });
    return here === undefined || answer.ok;
  } catch {
    return false;
  }
}

function show(card, up) {
  const { optional } = card.dataset;
  const state = up ? 'up' : optional === undefined ? 'down' : 'absent';
  const words = { up: 'answers', down: 'does not answer', absent: 'not running' };
  card.dataset.state = state;
  card.querySelector('.state').textContent = words[state];
  const hint = card.querySelector('.hint');
  hint.hidden = up;
  hint.textContent = optional ?? 'Run make doctor: it says why, and what to do.';
  return state;
}

async function ask() {
  if (document.hidden) return;
  const states = await Promise.all(cards.map(async (card) => show(card, await answers(card))));
  const up = states.filter((state) => state === 'up').length;
  const down = states.filter((state) => state === 'down').length;
  summary.dataset.state = down === 0 ? 'up' : 'down';
  summary.textContent =
    down === 0
      ? `All well: ${up} of ${up} answer`
      : `${down} of ${up + down} ${down === 1 ? 'does' : 'do'} not answer: run make doctor`;
}

for (const block of document.querySelectorAll('.code')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.querySelector('pre').textContent);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  // The clipboard is only there on localhost and over TLS.
  if (navigator.clipboard) block.append(button);
}

ask();
setInterval(ask, 10_000);
document.addEventListener('visibilitychange', ask);
