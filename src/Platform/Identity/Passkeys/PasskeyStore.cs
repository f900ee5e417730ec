using System.Buffers.Text;
using System.Text.Json;
using Fido2NetLib;
using Fido2NetLib.Objects;
using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Passkeys;

/// <summary>A passkey that was used.</summary>
/// <param name="Person">As they are now.</param>
/// <param name="Verified">Whether it has asked for a PIN, a finger or a face: it is two factors then.</param>
internal sealed record UsedPasskey(PersonResource Person, bool Verified);

/// <summary>
/// Passkeys of people (WebAuthn). Each challenge is signed once: a passkey takes none that was made before the last one that it signed,
/// which is checked in the same write that notes its use. Signatures are checked by the library. Safe for concurrent use, also by several
/// servers.
/// </summary>
internal sealed partial class PasskeyStore(
    PersonStore people, SecondFactor second, RelyingParty party, TimeProvider time, ILogger<PasskeyStore> log)
{
    public const int NameLengthMax = 50;

    private const int OfPersonMax = 20;
    private const int AnswerCharactersMax = 12 * 1024;
    private const int HandleBytes = 16;

    private readonly Lazy<Fido2> library = new(() => new Fido2(new Fido2Configuration
    {
        RPID = party.Id, RPName = "Strata " + party.Id, Origins = new HashSet<string> { party.Origin },
        Timeout = (uint)PasskeyChallenges.Lifetime.TotalMilliseconds,
    }, null!));

    /// <summary>What of a name is wrong, as a sentence; null: nothing.</summary>
    public static string? FaultOf(string name) => name.Length is > 0 and <= NameLengthMax && !name.Any(char.IsControl)
        ? null : $"The name of a passkey has 1 to {NameLengthMax} characters.";

    /// <summary>Options for the browser that make a passkey of a person.</summary>
    public string CreationOptions(PersonResource person, PasskeyChallenge challenge) => Creation(person, challenge).ToJson();

    /// <summary>Options for the browser that have a passkey sign.</summary>
    /// <param name="person">Null: the one that the passkey names.</param>
    /// <param name="alone">It has to be two factors.</param>
    public string RequestOptions(PersonResource? person, PasskeyChallenge challenge, bool alone) =>
        Request(person, challenge, alone).ToJson();

    /// <summary>
    /// Adds a passkey. PASSKEY_REFUSED, PASSKEY_KNOWN, TOO_MANY_PASSKEYS.
    /// </summary>
    /// <param name="answer">What the browser has made, as JSON.</param>
    /// <returns>The person, and recovery codes where this is their first second factor.</returns>
    public async Task<Result<(PersonResource Person, IReadOnlyList<string> Codes)>> AddAsync(
        PersonResource person, string answer, PasskeyChallenge challenge, string name, CancellationToken cancellationToken)
    {
        if (await ReadNewAsync(person, answer, challenge, name, cancellationToken) is not { } passkey) return IdentityErrors.PasskeyRefused;
        var (codes, hashes) = second.NewRecoveryCodes();
        var isFirst = false;
        var changed = await people.TryChangeAsync(PersonStore.CallerOf(person), person, now =>
        {
            if (now.Status.Passkeys.Any(p => p.Id == passkey.Id)) return IdentityErrors.PasskeyKnown;
            if (now.Status.Passkeys.Count >= OfPersonMax) return IdentityErrors.TooManyPasskeys;
            isFirst = !SecondFactor.IsOn(now);
            return now.Status with
            {
                Passkeys = [.. now.Status.Passkeys, passkey], SecondFactorAt = now.Status.SecondFactorAt ?? time.GetUtcNow(),
                RecoveryCodes = isFirst ? hashes : now.Status.RecoveryCodes,
            };
        }, cancellationToken);
        return changed.TryGet(out var changedPerson, out var error) ? (changedPerson, isFirst ? codes : []) : error;
    }

    /// <summary>
    /// Takes a signature of a passkey, once. PASSKEY_REFUSED; PASSKEY_COUNTER where its counter went back, which is noted with it.
    /// </summary>
    /// <param name="person">Whose it has to be; null: anyone's that it knows.</param>
    /// <param name="alone">It has to be two factors; with <paramref name="person"/> null, they sign in with nothing else.</param>
    public async Task<Result<UsedPasskey>> UseAsync(
        string answer, PasskeyChallenge challenge, PersonResource? person, bool alone, CancellationToken cancellationToken)
    {
        if (Read<AuthenticatorAssertionRawResponse>(answer) is not { RawId: not null, Response: not null } sent)
            return IdentityErrors.PasskeyRefused;
        var isSignIn = person is null;
        person ??= await FindAsync(sent.Response.UserHandle, cancellationToken);
        var id = Base64Url.EncodeToString(sent.RawId);
        if (person?.Status.Passkeys.FirstOrDefault(p => p.Id == id) is not { } passkey || !PersonStore.IsAdmitted(person))
            return IdentityErrors.PasskeyRefused;
        if (await VerifyAsync(person, passkey, sent, challenge, alone, cancellationToken) is not { } data)
            return IdentityErrors.PasskeyRefused;
        var wentBack = false;
        var changed = await people.TryChangeAsync(PersonStore.CallerOf(person), person, now =>
        {
            if (now.Status.Passkeys.FirstOrDefault(p => p.Id == id) is not { } known || challenge.MadeAt.UtcTicks <= known.LastChallenge)
                return IdentityErrors.PasskeyRefused;
            // As the standard has it (Web Authentication, 7.2 step 22): one that counts never repeats a number.
            wentBack = (known.Counter > 0 || data.SignCount > 0) && data.SignCount <= known.Counter;
            var used = wentBack ? known with { CounterWentBackAt = time.GetUtcNow() } : known with
            {
                Counter = data.SignCount, LastUsedAt = time.GetUtcNow(), VerifiesUser = known.VerifiesUser || data.UserVerified,
                SignsInAlone = known.SignsInAlone || (isSignIn && alone),
            };
            return Replaced(now.Status, used with { LastChallenge = challenge.MadeAt.UtcTicks });
        }, cancellationToken);
        if (!changed.TryGet(out var after, out var error)) return error;
        if (!wentBack) return new UsedPasskey(after, data.UserVerified);
        LogWentBack(after.Name, passkey.Name);
        return IdentityErrors.PasskeyCounter;
    }

    /// <summary>Removes one; one that is gone is as good. LAST_WAY_IN.</summary>
    public async Task<Result<PersonResource>> RemoveAsync(PersonResource person, string id, CancellationToken cancellationToken) =>
        await people.TryChangeAsync(PersonStore.CallerOf(person), person, now =>
        {
            var left = now.Status with { Passkeys = [.. now.Status.Passkeys.Where(p => p.Id != id)] };
            if (!HasWayIn(left)) return IdentityErrors.LastWayIn;
            return left.Passkeys.Count > 0 || left.Totp is not null ? left : left with { SecondFactorAt = null, RecoveryCodes = [] };
        }, cancellationToken);

    /// <summary>Whether they can sign in as they are: with a password, or a passkey that has let them in alone.</summary>
    public static bool HasWayIn(PersonStatus status) => status.Password is not null || status.Passkeys.Any(p => p.SignsInAlone);

    private static PersonStatus Replaced(PersonStatus status, Passkey passkey) =>
        status with { Passkeys = [.. status.Passkeys.Select(p => p.Id == passkey.Id ? passkey : p)] };

    private CredentialCreateOptions Creation(PersonResource person, PasskeyChallenge challenge)
    {
        var options = library.Value.RequestNewCredential(new RequestNewCredentialParams
        {
            User = new Fido2User
            {
                Id = PersonStore.IdOf(person).Value.ToByteArray(bigEndian: true), Name = person.Spec.Email,
                DisplayName = person.Spec.DisplayName ?? person.Spec.Email,
            },
            ExcludeCredentials = [.. person.Status.Passkeys.Select(DescriptorOf)],
            AuthenticatorSelection = new AuthenticatorSelection
            {
                ResidentKey = ResidentKeyRequirement.Preferred, UserVerification = UserVerificationRequirement.Preferred,
            },
            AttestationPreference = AttestationConveyancePreference.None,
        });
        options.Challenge = challenge.Bytes;
        return options;
    }

    private AssertionOptions Request(PersonResource? person, PasskeyChallenge challenge, bool alone)
    {
        var options = library.Value.GetAssertionOptions(new GetAssertionOptionsParams
        {
            AllowedCredentials = [.. (person?.Status.Passkeys ?? []).Select(DescriptorOf)],
            UserVerification = alone ? UserVerificationRequirement.Required : UserVerificationRequirement.Discouraged,
        });
        options.Challenge = challenge.Bytes;
        return options;
    }

    private static PublicKeyCredentialDescriptor DescriptorOf(Passkey passkey) => new(
        PublicKeyCredentialType.PublicKey, Base64Url.DecodeFromChars(passkey.Id),
        [.. passkey.Transports.Where(t => Enum.TryParse<AuthenticatorTransport>(t, true, out _))
            .Select(t => Enum.Parse<AuthenticatorTransport>(t, true))]);

    private async Task<Passkey?> ReadNewAsync(
        PersonResource person, string answer, PasskeyChallenge challenge, string name, CancellationToken cancellationToken)
    {
        if (Read<AuthenticatorAttestationRawResponse>(answer) is not { Response: not null } sent) return null;
        try
        {
            var parsed = AuthenticatorAttestationResponse.Parse(sent).AttestationObject;
            // None is asked for. Of those that may come all the same, only the one that needs no certificates is read.
            if (parsed.Fmt is not ("none" or "packed")) return null;
            var made = await library.Value.MakeNewCredentialAsync(new MakeNewCredentialParams
            {
                AttestationResponse = sent, OriginalOptions = Creation(person, challenge),
                // A person's own are compared where it is added. Another's with the same id is another's: it is found by its owner.
                IsCredentialIdUniqueToUserCallback = (_, _) => Task.FromResult(true),
            }, cancellationToken);
            return new Passkey
            {
                Id = Base64Url.EncodeToString(made.Id), Name = name, PublicKey = Base64Url.EncodeToString(made.PublicKey),
                Counter = made.SignCount, Model = made.AaGuid == Guid.Empty ? null : made.AaGuid.ToString(),
                IsSynced = made.IsBackupEligible, CreatedAt = time.GetUtcNow(),
                Transports = [.. (sent.Response.Transports ?? []).Distinct().Select(t => t.ToString().ToLowerInvariant())],
                VerifiesUser = parsed.AuthData.UserVerified, LastChallenge = challenge.MadeAt.UtcTicks,
            };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever the library throws at what someone has made up means the same.
            LogRefused(person.Name, e.Message);
            return null;
        }
    }

    /// <returns>What was signed; null: it is not good.</returns>
    private async Task<AuthenticatorData?> VerifyAsync(
        PersonResource person, Passkey passkey, AuthenticatorAssertionRawResponse sent, PasskeyChallenge challenge, bool alone,
        CancellationToken cancellationToken)
    {
        try
        {
            await library.Value.MakeAssertionAsync(new MakeAssertionParams
            {
                AssertionResponse = sent, OriginalOptions = Request(person, challenge, alone),
                StoredPublicKey = Base64Url.DecodeFromChars(passkey.PublicKey),
                StoredSignatureCounter = 0, // compared in the write that keeps the new one
                IsUserHandleOwnerOfCredentialIdCallback = (owner, _) => Task.FromResult(
                    owner.UserHandle.AsSpan().SequenceEqual(PersonStore.IdOf(person).Value.ToByteArray(bigEndian: true))),
            }, cancellationToken);
            return AuthenticatorData.Parse(sent.Response.AuthenticatorData);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogRefused(person.Name, e.Message);
            return null;
        }
    }

    private async ValueTask<PersonResource?> FindAsync(byte[]? handle, CancellationToken cancellationToken) =>
        handle?.Length == HandleBytes ? await people.FindAsync(new(new Guid(handle, bigEndian: true)), cancellationToken) : null;

    /// <summary>Null for what is too long, or is no such JSON.</summary>
    private static T? Read<T>(string answer) where T : class
    {
        if (answer.Length > AnswerCharactersMax) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(answer);
        }
        catch (Exception e) when (e is JsonException or FormatException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A passkey of {Person} was refused: {Reason}")]
    private partial void LogRefused(string person, string reason);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The counter of a passkey of {Person} (\"{Passkey}\") went back: there may be a copy of it. It was refused.")]
    private partial void LogWentBack(string person, string passkey);
}
