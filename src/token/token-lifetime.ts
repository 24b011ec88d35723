/** The greatest lifetime of an access token, in seconds: the most that a setting may ask for. */
export const maxTokenLifetimeSeconds = 86_400
