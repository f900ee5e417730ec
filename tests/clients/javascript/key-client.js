// Signs a person in with openid-client as a program that has a key and no secret (private_key_jwt, ID tokens by ES256), asks whether the access
// token is good (introspection), signs out there and says where to send the browser to sign the person out (RP-initiated logout).
// Arguments: begin API ID JWK CALLBACK, which prints where to send the browser; finish API ID JWK LOCATION KEPT SIGNED-OUT.
import {
  allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, buildEndSessionUrl, calculatePKCECodeChallenge, Configuration,
  fetchUserInfo, PrivateKeyJwt, randomNonce, randomPKCECodeVerifier, randomState, refreshTokenGrant, tokenIntrospection, tokenRevocation,
} from 'openid-client';

const [step, api, id, jwk, argument, keptText, signedOut] = process.argv.slice(2);
const { kid, ...secret } = JSON.parse(jwk);
const key = await crypto.subtle.importKey('jwk', secret, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const described = await (await fetch(`${api}/.well-known/openid-configuration`)).json();
// The server says its public name; this test reaches it by another one.
const here = Object.fromEntries(Object.entries(described).map(([name, value]) =>
  [name, name !== 'issuer' && typeof value === 'string' ? value.replace(/^http:\/\/strata\.test\/api/, api) : value]));
const configuration = new Configuration(here, id, { id_token_signed_response_alg: 'ES256' }, PrivateKeyJwt({ key, kid }));
allowInsecureRequests(configuration);

if (step === 'begin') {
  const kept = { verifier: randomPKCECodeVerifier(), state: randomState(), nonce: randomNonce() };
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: argument, scope: 'openid email offline_access', code_challenge: await calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: 'S256', state: kept.state, nonce: kept.nonce,
  });
  console.log(JSON.stringify({ url: url.href, kept }));
} else {
  const kept = JSON.parse(keptText);
  const first = await authorizationCodeGrant(configuration, new URL(argument), {
    pkceCodeVerifier: kept.verifier, expectedState: kept.state, expectedNonce: kept.nonce, idTokenExpected: true,
  });
  const tokens = await refreshTokenGrant(configuration, first.refresh_token);
  const person = await fetchUserInfo(configuration, tokens.access_token, first.claims().sub);
  const { active, username } = await tokenIntrospection(configuration, tokens.access_token);
  await tokenRevocation(configuration, tokens.refresh_token);
  const after = await tokenIntrospection(configuration, tokens.access_token);
  const { alg } = JSON.parse(Buffer.from(first.id_token.split('.')[0], 'base64url'));
  const logout = buildEndSessionUrl(configuration, { id_token_hint: first.id_token, post_logout_redirect_uri: signedOut, state: 'bye' });
  console.log(JSON.stringify({ email: person.email, alg, active, username, activeAfterRevocation: after.active, logout: logout.href }));
}
