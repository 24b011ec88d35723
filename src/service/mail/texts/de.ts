// The mails in German. They say "Sie", and name nobody by a gender.

import { counted, type MailTexts } from './text.ts'

const months =
  'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' ')

/** Every sentence in German. */
export const de: MailTexts = {
  verify_email: (service) => ({
    subject: `Bestätigen Sie Ihre E-Mail-Adresse für ${service}`,
    happened: `Diese E-Mail-Adresse wurde bei ${service} angegeben.`,
    enterCode: 'Wenn Sie das waren, bestätigen Sie die Adresse mit diesem Code:',
    linkLabel: 'Adresse bestätigen',
    otherwise:
      'Wenn Sie das nicht waren, ignorieren Sie diese Mail. Die Adresse wird dann nicht bestätigt.',
  }),
  reset_password: (service) => ({
    subject: `Neues Passwort für ${service}`,
    happened: `Für Ihr Konto bei ${service} wurde ein neues Passwort angefordert.`,
    enterCode: 'Wenn Sie das waren, setzen Sie das Passwort mit diesem Code:',
    linkLabel: 'Neues Passwort setzen',
    otherwise:
      'Wenn Sie das nicht waren, ignorieren Sie diese Mail. Ohne den Code ändert sich nichts.',
  }),
  sign_in: (service) => ({
    subject: `Ihre Anmeldung bei ${service}`,
    happened: `Mit dieser E-Mail-Adresse wurde eine Anmeldung bei ${service} begonnen.`,
    enterCode: 'Wenn Sie das waren, geben Sie diesen Code ein:',
    linkLabel: 'Anmelden',
    otherwise:
      'Wenn Sie das nicht waren, ignorieren Sie diese Mail. Ohne den Code ist keine Anmeldung möglich.',
  }),
  change_email: (service) => ({
    subject: `Bestätigen Sie Ihre neue E-Mail-Adresse für ${service}`,
    happened: `Diese E-Mail-Adresse soll zu einem Konto bei ${service} gehören.`,
    enterCode: 'Wenn Sie das waren, bestätigen Sie die Adresse mit diesem Code:',
    linkLabel: 'Adresse bestätigen',
    otherwise:
      'Wenn Sie das nicht waren, ignorieren Sie diese Mail. Bestätigen Sie die Adresse nicht: Das Konto ist nicht Ihres.',
  }),
  invitation: (service) => ({
    subject: `Ihre Einladung zu ${service}`,
    happened: `Sie sind zu ${service} eingeladen. Für diese E-Mail-Adresse gibt es ein Konto.`,
    openLink: 'Öffnen Sie diese Adresse im Browser, und setzen Sie ein Passwort:',
    linkLabel: 'Einladung annehmen',
    afterwards:
      'Danach fordern Sie mit dieser E-Mail-Adresse ein neues Passwort an, dort, wo Sie sich anmelden.',
    otherwise: 'Wenn Sie das Konto nicht möchten, ignorieren Sie diese Mail.',
  }),
  password_changed: (service) => ({
    subject: `Ihr Passwort für ${service} wurde geändert`,
    happened: `Das Passwort Ihres Kontos bei ${service} wurde geändert.`,
    todo: 'Wenn Sie das waren, müssen Sie nichts tun.',
    otherwise:
      'Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Fordern Sie sofort ein neues Passwort an, dort, wo Sie sich anmelden. Ändern Sie danach auch das Passwort dieses Postfachs.',
  }),
  new_device: (service) => ({
    subject: `Anmeldung bei ${service} auf einem neuen Gerät`,
    happened: `Auf einem neuen Gerät hat sich jemand in Ihrem Konto bei ${service} angemeldet.`,
    todo: 'Wenn Sie das waren, müssen Sie nichts tun.',
    otherwise:
      'Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Fordern Sie sofort ein neues Passwort an, dort, wo Sie sich anmelden. Ändern Sie danach auch das Passwort dieses Postfachs.',
  }),
  email_changed: (service) => ({
    subject: `Ihre E-Mail-Adresse für ${service} wurde geändert`,
    happened: `Ihr Konto bei ${service} hat jetzt eine andere E-Mail-Adresse.`,
    todo: 'Wenn Sie das waren, müssen Sie nichts tun.',
    otherwise:
      'Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Machen Sie die Änderung mit diesem Link rückgängig. Er beendet auch alle Sitzungen und entfernt das Passwort. Danach setzen Sie ein neues.',
    linkLabel: 'Änderung rückgängig machen',
    withoutLink: `Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Wenden Sie sich sofort an den Support von ${service}.`,
  }),
  deletion_planned: (service) => ({
    subject: `Ihr Konto bei ${service} wird gelöscht`,
    happened: `Für Ihr Konto bei ${service} wurde nach einer Anmeldung die Löschung verlangt.`,
    todo: 'Wenn Sie das waren, müssen Sie nichts tun. Wenn Sie das Konto behalten möchten, melden Sie sich vorher an.',
    otherwise:
      'Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Melden Sie sich vorher an: Damit bleibt das Konto erhalten. Ändern Sie danach das Passwort.',
  }),
  deletion_taken_back: (service) => ({
    subject: `Ihr Konto bei ${service} bleibt erhalten`,
    happened: `Ihr Konto bei ${service} sollte gelöscht werden. Es bleibt erhalten, weil es seitdem benutzt wurde.`,
    todo: 'Wenn Sie das waren, müssen Sie nichts tun. Wenn das Konto gelöscht werden soll, verlangen Sie es noch einmal.',
    otherwise:
      'Wenn Sie das nicht waren, ist Ihr Konto in fremder Hand. Fordern Sie sofort ein neues Passwort an, dort, wo Sie sich anmelden. Ändern Sie danach auch das Passwort dieses Postfachs.',
  }),
  account_exists: (service) => ({
    subject: `Sie haben schon ein Konto bei ${service}`,
    happened: `Diese E-Mail-Adresse wurde für ein Konto bei ${service} angegeben. Es gibt dort schon eines mit ihr.`,
    todo: 'Wenn Sie das waren, melden Sie sich an. Wenn Sie das Passwort vergessen haben, fordern Sie dort ein neues an.',
    otherwise:
      'Wenn Sie das nicht waren, ignorieren Sie diese Mail. An Ihrem Konto hat sich nichts geändert.',
  }),
  codeIsGood: (duration) => `Der Code gilt ${duration}. Geben Sie ihn nicht weiter.`,
  openLink: 'Oder öffnen Sie diese Adresse im Browser:',
  linkIsGood: (duration) => `Der Link gilt ${duration}.`,
  hours: counted('Stunde', 'Stunden'),
  minutes: counted('Minute', 'Minuten'),
  changedAt: ({ day, month, year, clock }) =>
    `Wann: ${day}. ${months[month]} ${year}, ${clock} Uhr (UTC)`,
  deletedAt: ({ day, month, year, clock }) =>
    `Löschung: ${day}. ${months[month]} ${year}, ${clock} Uhr (UTC)`,
  changedBy: (device) => `Gerät: ${device.replace(' on ', ' unter ')}`,
}
