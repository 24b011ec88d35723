// The mailer over SMTP, as a published entry of its own. A Worker has nodemailer only if it imports
// this.

export { type SmtpMailerOptions, smtpMailer } from './service/mail/smtp/smtp-mailer.ts'
