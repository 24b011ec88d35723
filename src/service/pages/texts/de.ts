// The pages in German. They say "Sie", as the mails do.

import type { PageTexts } from './text.ts'

const cure = 'Wählen Sie ein anderes, etwa vier Wörter, die nicht zusammengehören.'

const unproved = 'Ihre E-Mail-Adresse ist nicht bestätigt.'
const changed = 'Ihr Passwort ist geändert.'
const logInAgain = 'Melden Sie sich dafür mit einem Code neu an.'
const checkMail = 'Sehen Sie in Ihre Mails.'

/** Every sentence in German. */
export const de: PageTexts = {
  account: {
    heading: 'Ihr Konto',
    forgot: 'Passwort vergessen?',
    byCode: 'Mit einem Code anmelden',
    unproved,
    sendLink: 'Link noch einmal schicken',
    logOut: 'Abmelden',
    logOutOthers: 'Überall sonst abmelden',
    logOutEverywhere: 'Überall abmelden',
    changePassword: 'Passwort ändern',
    changeEmail: 'E-Mail-Adresse ändern',
    newEmail: 'Neue E-Mail-Adresse',
    currentPassword: 'Jetziges Passwort',
    logInAgain,
    download: 'Ihre Daten herunterladen',
    remove: 'Konto löschen',
    removal: (days) =>
      days === 0
        ? 'Es wird sofort gelöscht.'
        : `Es wird frühestens nach ${days} Tagen gelöscht. Melden Sie sich vorher an, bleibt es.`,
    sure: 'Ich will mein Konto löschen',
    notSure: 'Kreuzen Sie das an, um Ihr Konto zu löschen.',
    sessions: 'Wo Sie angemeldet sind',
    device: 'Gerät',
    begun: 'Seit (UTC)',
    used: 'Zuletzt benutzt',
    current: 'Dieses Gerät',
    goOn: 'Weiter',
    done: {
      kept: 'Willkommen zurück. Ihr Konto wird nicht gelöscht.',
      refused:
        'Ihre E-Mail-Adresse nimmt keine Mail von uns an. Ändern Sie sie, sonst können Sie Ihr Konto verlieren.',
      mail: checkMail,
      newEmail:
        'Öffnen Sie den Link in der Mail an Ihre neue E-Mail-Adresse. Bis dahin ändert sich nichts.',
      logout: 'Sie sind abgemeldet.',
      ended: 'Das Gerät ist abgemeldet.',
      password: `${changed} Alle anderen Geräte sind abgemeldet.`,
      gone: 'Sie sind abgemeldet, und Ihr Konto wird gelöscht.',
      deleted: 'Ihr Konto ist gelöscht.',
      others: 'Alle anderen Geräte sind abgemeldet.',
    },
    refusals: {
      login_not_fresh: logInAgain,
      invalid_input: logInAgain,
      invalid_credentials: 'Die E-Mail-Adresse oder das Passwort ist falsch.',
      email_unverified: `${unproved} ${checkMail}`,
      mail_refused:
        'An diese E-Mail-Adresse geht im Moment keine Mail. Versuchen Sie es in einer Stunde noch einmal.',
    },
  },
  reset: {
    heading: 'Neues Passwort setzen',
    askIntro:
      'Geben Sie die E-Mail-Adresse Ihres Kontos an. Sie bekommen eine Mail mit einem Code und einem Link.',
    linkIntro: 'Alle Geräte werden dann abgemeldet.',
    finish: 'Passwort setzen',
    doneHeading: changed,
  },
  login: {
    heading: 'Anmelden',
    askIntro:
      'Geben Sie die E-Mail-Adresse Ihres Kontos an. Sie bekommen eine Mail mit einem Code und brauchen kein Passwort.',
    linkIntro: 'Melden Sie sich nur an, wenn Sie diese Mail selbst angefordert haben.',
    finish: 'Anmelden',
    doneHeading: 'Sie sind angemeldet.',
  },
  verify: {
    heading: 'E-Mail-Adresse bestätigen',
    askIntro: 'Öffnen Sie den Link in der Mail, in der Sie um die Bestätigung gebeten werden.',
    linkIntro:
      'Geben Sie das Passwort Ihres Kontos ein. Es zeigt, dass Sie das Konto angelegt haben.',
    finish: 'Bestätigen',
    doneHeading: 'Ihre E-Mail-Adresse ist bestätigt.',
  },
  newEmail: {
    heading: 'Neue E-Mail-Adresse bestätigen',
    askIntro: 'Öffnen Sie den Link in der Mail, die an Ihre neue E-Mail-Adresse gegangen ist.',
    linkIntro: 'Geben Sie das Passwort Ihres Kontos ein. Es zeigt, dass das Konto Ihres ist.',
    finish: 'Bestätigen',
    doneHeading: 'Ihre E-Mail-Adresse ist geändert.',
  },
  undo: {
    heading: 'Alte E-Mail-Adresse zurückholen',
    askIntro: 'Öffnen Sie den Link in der Mail über die Änderung Ihrer E-Mail-Adresse.',
    linkIntro:
      'Ihr Konto bekommt die alte E-Mail-Adresse zurück. Das Passwort wird entfernt, und alle Geräte werden abgemeldet.',
    finish: 'Zurückholen',
    doneHeading: 'Ihre alte E-Mail-Adresse gilt wieder.',
  },
  invitation: {
    heading: 'Einladung annehmen',
    askIntro:
      'Öffnen Sie den Link in der Mail, die Sie einlädt. Ist er abgelaufen? Dann setzen Sie mit einem Code ein Passwort:',
    linkIntro: 'Setzen Sie ein Passwort für Ihr Konto.',
    finish: 'Passwort setzen',
    doneHeading: 'Ihr Passwort ist gesetzt.',
  },
  loggedOutEverywhere: 'Alle Geräte sind abgemeldet.',
  passwordRemoved:
    'Bisher hatte niemand diese E-Mail-Adresse bestätigt. Darum ist das frühere Passwort entfernt, und andere Geräte sind abgemeldet.',
  codeForPassword:
    'Das Passwort ist entfernt, und alle Geräte sind abgemeldet. Ein Code für ein neues ist unterwegs zu Ihnen.',
  logInNow: 'Sie können sich jetzt damit anmelden.',
  codeOnItsWay: (minutes) =>
    `Wenn es zu dieser E-Mail-Adresse ein Konto gibt, ist ein Code unterwegs. Er gilt ${minutes} Minuten. Sehen Sie auch im Spam-Ordner nach.`,
  ask: 'Code schicken',
  askAgain: 'Neuen Code anfordern',
  email: 'E-Mail-Adresse',
  code: 'Code aus der Mail',
  codeHint: 'Acht Buchstaben und Ziffern.',
  password: 'Passwort',
  newPassword: 'Neues Passwort',
  passwordHint: (minLength, refusesCommon) =>
    `Mindestens ${minLength} Zeichen.${refusesCommon ? ' Kein häufiges Passwort und nicht Ihre E-Mail-Adresse.' : ''}`,
  problem: 'Problem:',
  correctThis: 'Bitte korrigieren Sie das',
  emailMissing: 'Geben Sie eine E-Mail-Adresse an, etwa ada@example.com.',
  codeMissing: 'Geben Sie den Code aus der Mail ein.',
  codeWrong:
    'Der Code ist falsch, wurde benutzt oder ist abgelaufen. Versuchen Sie es noch einmal, oder fordern Sie einen neuen an.',
  linkWrong: 'Dieser Link wurde benutzt oder ist abgelaufen.',
  askHere: 'Hier können Sie einen neuen anfordern.',
  passwordRefusals: {
    password_needed: 'Geben Sie das Passwort Ihres Kontos ein.',
    password_wrong: 'Das ist nicht das Passwort Ihres Kontos. Versuchen Sie es noch einmal.',
  },
  emailTaken: 'Inzwischen gehört diese E-Mail-Adresse zu einem anderen Konto.',
  notMine: 'Ich habe kein Konto angelegt',
  notMineIntro:
    'Haben Sie nie ein Konto angelegt? Dann hat jemand anders Ihre E-Mail-Adresse benutzt. Mit diesem Knopf wird das Konto Ihres: Das Passwort wird entfernt, und alle Geräte werden abgemeldet.',
  passwordMissing: 'Geben Sie ein neues Passwort ein.',
  passwordTooLong: 'Dieses Passwort ist zu lang.',
  passwordFaults: {
    short: (minLength) => `Geben Sie ein Passwort von mindestens ${minLength} Zeichen ein.`,
    common: `Dieses Passwort ist eines der häufigsten. ${cure}`,
    ordered: `Dieses Passwort wiederholt nur Zeichen oder zählt sie der Reihe nach auf. ${cure}`,
    own_name: `Dieses Passwort besteht aus Ihrer E-Mail-Adresse oder dem Namen dieses Dienstes. ${cure}`,
    breached:
      'Dieses Passwort stand in einem Datenleck eines anderen Dienstes. Wählen Sie ein anderes, das Sie nirgends sonst benutzen.',
  },
  formExpired:
    'Diese Seite war zu lange offen, oder Ihr Browser behält keine Cookies. Bitte versuchen Sie es noch einmal.',
  tooMany:
    'Zu viele Versuche aus Ihrem Netz. Bitte warten Sie eine Minute, und versuchen Sie es noch einmal.',
  unavailable: 'Das geht im Moment nicht. Bitte versuchen Sie es in ein paar Sekunden noch einmal.',
  failedHeading: 'Das hat nicht funktioniert',
  failed: 'Gehen Sie zurück, und versuchen Sie es noch einmal.',
  notFoundHeading: 'Diese Seite gibt es nicht',
  notFound: 'Prüfen Sie die Adresse, oder öffnen Sie den Link der Mail noch einmal.',
}
