/** The longest lifetime of an access token, in seconds. No setting may ask for more. */
export const maxTokenLifetimeSeconds = 86_400
