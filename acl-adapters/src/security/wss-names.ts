const base = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'

/** Names of WS-Security 1.0 and its UsernameToken profile. */
export const wsse = `${base}wssecurity-secext-1.0.xsd`
export const wsu = `${base}wssecurity-utility-1.0.xsd`
export const passwordText = `${base}username-token-profile-1.0#PasswordText`
export const passwordDigest = `${base}username-token-profile-1.0#PasswordDigest`
export const base64Encoding = `${base}soap-message-security-1.0#Base64Binary`
