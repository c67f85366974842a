import type { HttpExchange } from '../http/http-exchange.ts'
import { versionOfMediaType } from '../soap/soap-version.ts'
import { type UsernameCredentials, writeUsernameToken } from './username-token.ts'

/** Adds to an envelope of ours what the upstream wants to see in it. */
export type SealEnvelope = (envelope: string, contentType: string) => string

/** An exchange whose SOAP requests are sealed on their way out; nothing touches them afterwards. */
export function sealedExchange(exchange: HttpExchange, seal: SealEnvelope): HttpExchange {
  return {
    ...exchange,
    send: request =>
      exchange.send(
        typeof request.body === 'string'
          ? { ...request, body: seal(request.body, request.headers['content-type'] ?? '') }
          : request,
      ),
  }
}

/** @param now milliseconds since the epoch */
export function usernameSeal(credentials: UsernameCredentials, now: () => number): SealEnvelope {
  return (envelope, contentType) =>
    withBlock(envelope, writeUsernameToken(credentials, versionOfMediaType(contentType) ?? '1.1', now()))
}

/**
 * Signs the Body and a timestamp by an X.509 certificate (RSA-SHA256, exclusive canonicalisation), as soap's
 * WSSecurityCert does it.
 * @param key and certificate in PEM
 */
export async function certificateSeal(
  key: string,
  certificate: string,
  password = '',
): Promise<SealEnvelope> {
  // It brings a whole SOAP stack along, which only an adapter that signs has to load.
  const { WSSecurityCert } = await import('soap')
  return envelope => {
    const signer = new WSSecurityCert(key, certificate, password, {
      hasTimeStamp: true,
      signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    })
    return signer.postProcess(withBlock(envelope, ''), 'soap')
  }
}

/** Our own envelopes have one form, so that its parts are found without parsing. */
function withBlock(envelope: string, block: string): string {
  const header = envelope.indexOf('<soap:Header>')
  const body = envelope.indexOf('<soap:Body>')
  if (header >= 0 && header < body) {
    const at = header + '<soap:Header>'.length
    return envelope.slice(0, at) + block + envelope.slice(at)
  }
  return `${envelope.slice(0, body)}<soap:Header>${block}</soap:Header>${envelope.slice(body)}`
}
