// Keeps the chat and the card live (server-sent events) and starts the player of a recording.
const list = document.getElementById('messages');

function isAtEnd() {
  return window.innerHeight + window.scrollY > document.body.offsetHeight - 120;
}

function show(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  const message = template.content.firstElementChild;
  if (!message) return;
  const before = document.getElementById(message.id);
  const follow = isAtEnd();
  if (!before) list.append(message);
  // A message that plays is left alone but for its comments: swapping it would stop the video.
  else if (!before.querySelector('video')) before.replaceWith(message);
  else {
    const comments = message.querySelector('.comments');
    before.querySelector('.comments')?.remove();
    if (comments) before.querySelector('time').before(comments);
  }
  list.querySelector('.empty')?.remove();
  window.htmx?.process(document.getElementById(message.id));
  if (follow) window.scrollTo({ top: document.body.scrollHeight });
}

if (list) {
  window.scrollTo({ top: document.body.scrollHeight });
  const events = new EventSource(list.dataset.events);
  events.addEventListener('message', (event) => show(event.data));
  events.addEventListener('gone', (event) => document.getElementById(`m${event.data}`)?.remove());
  document.querySelector('form.say').addEventListener('htmx:after:request', (event) => {
    // What was refused stays to be sent again.
    if (event.detail.ctx?.response?.status < 400) event.target.reset?.();
  });
}

const player = document.getElementById('player');
if (player) {
  window.addEventListener('load', () => {
    const url = player.dataset.hls;
    if (window.Hls?.isSupported()) {
      const hls = new window.Hls({ liveDurationInfinity: true });
      hls.loadSource(url);
      hls.attachMedia(player);
    } else player.src = url;
  });
}
