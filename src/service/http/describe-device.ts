// What a client's program and system are called, from its User-Agent (RFC 9110 §10.1.5). It is for
// the account's own user, to recognise a session, and decides nothing. So it knows the programs and
// systems that most people have. Any other browser is called by the engine that it names.

const maxDeviceCharacters = 60
/** No browser sends a longer one. */
const maxUserAgentCharacters = 512

type Names = readonly (readonly [sign: RegExp, name: string])[]

/** The first that fits. Browsers also name those that they are made of, so these come later. */
const browsers: Names = [
  [/\bEdg(?:e|A|iOS)?\//, 'Microsoft Edge'],
  [/\b(?:OPR|OPiOS|OPT)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bDuckDuckGo\//, 'DuckDuckGo'],
  [/\bUCBrowser\//, 'UC Browser'],
  [/\bElectron\//, 'Electron'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chromium|HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
/** Android names Linux, too, and devices of Apple name macOS. */
const systems: Names = [
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bCrOS\b/, 'Chrome OS'],
  [/\b(?:Mac OS X|Macintosh|Darwin)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** "Firefox on Windows", "curl", or nothing. At most 60 printable ASCII characters. */
export function describeDevice(userAgent = ''): string | undefined {
  const text = userAgent.slice(0, maxUserAgentCharacters)
  const isBrowser = text.startsWith('Mozilla/')
  const program = isBrowser ? nameIn(text, browsers) : /^[A-Za-z][\w.-]*/.exec(text)?.[0]
  const words = [program, nameIn(text, systems)].filter(Boolean).join(' on ')
  return words.slice(0, maxDeviceCharacters) || undefined
}

function nameIn(text: string, names: Names): string | undefined {
  return names.find(([sign]) => sign.test(text))?.[1]
}
