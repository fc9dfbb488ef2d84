import type { en } from './en.ts';
import { alerts } from './ru/alerts.ts';
import { help, parameters } from './ru/commands.ts';
import { cookies } from './ru/cookies.ts';
import { errors } from './ru/errors.ts';

/** Russian has three plural forms: 1 разрыв, 2 разрыва, 5 разрывов. */
function many(count: number, one: string, few: string, more: string): string {
  const form = new Intl.PluralRules('ru').select(count);
  return `${count} ${form === 'one' ? one : form === 'few' ? few : more}`;
}

/** All sentences in Russian. */
export const ru = {
  errors,
  alerts,
  cookies,
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
    watchingServer: (id: string, name: string, names: string) =>
      `Слежу за ${name}, номер ${id}: записываю каждый эфир с именем ${names}. /unwatch ${id} прекратит.`,
    notifyingServer: (id: string, name: string, names: string) =>
      `Слежу за ${name}, номер ${id}: сообщаю о каждом эфире с именем ${names} и ничего не записываю. /unwatch ${id} прекратит.`,
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
    postingWithheld: (id: string, length: string) => `Публикую из ${id} то, что принимал за повтор: ${length}.`,
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
    auto: (names: string) => `эфиры ${names}`,
    isPaused: 'на паузе',
  },
  server: {
    live: (count: number) => `слежу за эфирами оттуда, их ${count}:`,
    none: (names: string) => `эфиров с именем ${names} сейчас нет`,
    silent: (length: string, reason: string) => `уже ${length} неизвестно, какие эфиры идут: ${reason}`,
    full: (most: number) => `слежу за ${most} эфирами, больше для одного задания нельзя; остальные не пишутся`,
    more: (count: number) => `… и ещё ${count}`,
    liveNow: (names: string, count: number) => `Сейчас идут: ${names}${count > 10 ? ` и ещё ${count - 10}` : ''}.`,
    noneNow: 'Сейчас ни один из них не идёт.',
    silentNow: (reason: string) => `Сейчас сервер не говорит, какие эфиры идут; буду спрашивать дальше. ${reason}`,
    recordedAs: (session: string) => `пишется, номер ${session}`,
    fullNotice: (id: string, name: string, most: number) =>
      `На ${name} под ${id} подходит больше ${most} эфиров, а одно задание следит не более чем за ${most}; остальные не пишутся. Наберите /watch с более узким auto= или разбейте на несколько заданий с разным quality=.`,
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
  arguments: parameters,
  help,
} satisfies typeof en;
