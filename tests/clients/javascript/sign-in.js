// Signs a person in with openid-client: discovery, authorization code with PKCE, ID token, userinfo, refresh and revocation.
// Arguments: begin API ID SECRET CALLBACK, which prints where to send the browser; finish API ID SECRET LOCATION KEPT.
import {
  allowInsecureRequests, authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge, ClientSecretBasic, Configuration,
  fetchUserInfo, randomNonce, randomPKCECodeVerifier, randomState, refreshTokenGrant, tokenRevocation,
} from 'openid-client';

const [step, api, id, secret, argument, keptText] = process.argv.slice(2);
const described = await (await fetch(`${api}/.well-known/openid-configuration`)).json();
// The server says its public name; this test reaches it by another one.
const here = Object.fromEntries(Object.entries(described).map(([name, value]) =>
  [name, name !== 'issuer' && typeof value === 'string' ? value.replace(/^http:\/\/strata\.test\/api/, api) : value]));
const configuration = new Configuration(here, id, secret, ClientSecretBasic(secret));
allowInsecureRequests(configuration);

if (step === 'begin') {
  const kept = { verifier: randomPKCECodeVerifier(), state: randomState(), nonce: randomNonce() };
  const url = buildAuthorizationUrl(configuration, {
    redirect_uri: argument, scope: 'openid email profile offline_access strata', code_challenge: await calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: 'S256', state: kept.state, nonce: kept.nonce,
  });
  console.log(JSON.stringify({ url: url.href, kept }));
} else {
  const kept = JSON.parse(keptText);
  const tokens = await authorizationCodeGrant(configuration, new URL(argument), {
    pkceCodeVerifier: kept.verifier, expectedState: kept.state, expectedNonce: kept.nonce, idTokenExpected: true,
  });
  const person = await fetchUserInfo(configuration, tokens.access_token, tokens.claims().sub);
  const call = async (token) => (await fetch(`${api}/v1/access/me`, { headers: { authorization: `Bearer ${token}` } })).status;
  const status = await call(tokens.access_token);
  const next = await refreshTokenGrant(configuration, tokens.refresh_token);
  const refreshed = next.access_token !== tokens.access_token && next.refresh_token !== tokens.refresh_token;
  await tokenRevocation(configuration, next.refresh_token);
  let revoked = await call(next.access_token);
  for (let i = 0; i < 50 && revoked !== 401; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    revoked = await call(next.access_token);
  }
  console.log(JSON.stringify({ email: person.email, status, refreshed, revoked }));
}
