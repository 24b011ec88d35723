// The pages in English.

import { faultSentences } from '../../domain/identity/password-policy.ts'
import type { PageTexts } from './text.ts'

const unproved = 'Your email is not confirmed.'
const changed = 'Your password is changed.'
const logInAgain = 'Log in again by code to change this.'
const checkMail = 'Check your mail.'

/** Every sentence in English. */
export const en: PageTexts = {
  account: {
    heading: 'Your account',
    forgot: 'Forgot your password?',
    byCode: 'Log in with a code',
    unproved,
    sendLink: 'Mail the link again',
    logOut: 'Log out',
    logOutOthers: 'Log out everywhere else',
    logOutEverywhere: 'Log out everywhere',
    changePassword: 'Change the password',
    changeEmail: 'Change the email',
    newEmail: 'New email',
    currentPassword: 'Current password',
    logInAgain,
    download: 'Download your data',
    remove: 'Delete the account',
    removal: (days) =>
      days === 0
        ? 'It is deleted at once.'
        : `It is deleted after ${days} days. Log in before then to keep it.`,
    sure: 'I want to delete my account',
    notSure: 'Tick this box to delete your account.',
    sessions: 'Where you are logged in',
    device: 'Device',
    begun: 'Since (UTC)',
    used: 'Last used',
    current: 'This one',
    goOn: 'Continue',
    done: {
      kept: 'Welcome back. Your account is not deleted.',
      refused: 'Your email refuses mail from us. Change it, or you may lose your account.',
      mail: checkMail,
      newEmail: 'Open the link in the mail to your new email. Until then, nothing changes.',
      logout: 'You are logged out.',
      ended: 'That device is logged out.',
      password: `${changed} All other devices are logged out.`,
      gone: 'You are logged out, and your account will be deleted.',
      deleted: 'Your account is deleted.',
      others: 'All other devices are logged out.',
    },
    refusals: {
      login_not_fresh: logInAgain,
      invalid_input: logInAgain,
      invalid_credentials: 'The email or the password is wrong.',
      email_unverified: `${unproved} ${checkMail}`,
      mail_refused: 'No mail can be sent to this email now. Try again in an hour.',
    },
  },
  reset: {
    heading: 'Set a new password',
    askIntro: 'Give the email of your account. You get a mail with a code and a link.',
    linkIntro: 'All devices are then logged out.',
    finish: 'Set the password',
    doneHeading: changed,
  },
  login: {
    heading: 'Log in',
    askIntro: 'Give the email of your account. You get a mail with a code, and need no password.',
    linkIntro: 'Log in only if you asked for this mail yourself.',
    finish: 'Log in',
    doneHeading: 'You are logged in.',
  },
  verify: {
    heading: 'Confirm your email',
    askIntro: 'Open the link in the mail that asks you to confirm your email.',
    linkIntro: 'Give the password of your account. It shows that you have registered.',
    finish: 'Confirm',
    doneHeading: 'Your email is confirmed.',
  },
  newEmail: {
    heading: 'Confirm your new email',
    askIntro: 'Open the link in the mail that went to your new email.',
    linkIntro: 'Give the password of your account. It shows that the account is yours.',
    finish: 'Confirm',
    doneHeading: 'Your email is changed.',
  },
  undo: {
    heading: 'Take your old email back',
    askIntro: 'Open the link in the mail about the change of your email.',
    linkIntro:
      'Your account gets its old email back. Its password is removed, and all devices are logged out.',
    finish: 'Take it back',
    doneHeading: 'Your old email is back.',
  },
  invitation: {
    heading: 'Accept the invitation',
    askIntro:
      'Open the link in the mail that invites you. Has it expired? Then set a password with a code:',
    linkIntro: 'Set a password for your account.',
    finish: 'Set the password',
    doneHeading: 'Your password is set.',
  },
  loggedOutEverywhere: 'All devices are logged out.',
  passwordRemoved:
    'Nobody had confirmed this email until now. So the password from before is removed, and other devices are logged out.',
  codeForPassword:
    'The password is removed, and all devices are logged out. A code for a new one is on its way to you.',
  logInNow: 'You can log in with it now.',
  codeOnItsWay: (minutes) =>
    `If this email has an account, a code is on its way. It is good for ${minutes} minutes. Look into the spam folder, too.`,
  ask: 'Send a code',
  askAgain: 'Ask for another code',
  email: 'Email',
  code: 'Code from the mail',
  codeHint: 'Eight letters and digits.',
  password: 'Password',
  newPassword: 'New password',
  passwordHint: (minLength, refusesCommon) =>
    `At least ${minLength} characters.${refusesCommon ? ' Not a common password, and not your email.' : ''}`,
  problem: 'Problem:',
  correctThis: 'Please correct this',
  emailMissing: 'Give an email, such as ada@example.com.',
  codeMissing: 'Give the code from the mail.',
  codeWrong: 'The code is wrong, was used, or has expired. Try again, or ask for another code.',
  linkWrong: 'This link was used, or has expired.',
  askHere: 'Ask for another one here.',
  passwordRefusals: {
    password_needed: 'Give the password of your account.',
    password_wrong: 'This is not the password of your account. Try again.',
  },
  emailTaken: 'Another account has this email by now.',
  notMine: 'I have not registered',
  notMineIntro:
    'Have you never registered? Then somebody else has used your email. This button makes the account yours: its password is removed, and all devices are logged out.',
  passwordMissing: 'Give a new password.',
  passwordTooLong: 'This password is too long.',
  passwordFaults: {
    ...faultSentences,
    short: (minLength) => `Give a password of at least ${minLength} characters.`,
  },
  formExpired:
    'This page was open for too long, or your browser keeps no cookies. Please try again.',
  tooMany: 'Too many tries from your network. Please wait for a minute, and try again.',
  unavailable: 'This does not work for the moment. Please try again in a few seconds.',
  failedHeading: 'This did not work',
  failed: 'Go back, and try again.',
  notFoundHeading: 'This page does not exist',
  notFound: 'Check the address, or open the link of the mail again.',
}
