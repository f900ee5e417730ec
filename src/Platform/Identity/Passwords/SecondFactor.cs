using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OtpNet;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.People;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Passwords;

/// <summary>
/// One-time codes of an app (TOTP, RFC 6238: six digits, 30 seconds), which a sign-in asks for after the password, and recovery codes for
/// when the app is lost. Each code is taken once. Safe for concurrent use.
/// </summary>
internal sealed class SecondFactor(PersonStore people, SealedSecrets secrets, TimeProvider time)
{
    private const int SecretBytes = 20;
    private const int RecoveryCodesMade = 10;
    private const int RecoveryLetters = 10;

    /// <summary>Base 32 without what is easily misread.</summary>
    private const string Alphabet = "abcdefghjkmnpqrstvwxyz23456789";

    private static readonly Error WrongCode = new(ErrorKind.Invalid, "WRONG_CODE", "The code is wrong, or was used before.");

    private readonly byte[] recoveryKey = secrets.DeriveKey("recovery codes 1");

    /// <summary>Whether a sign-in with the password asks for more: a code, or a passkey.</summary>
    public static bool IsOn(PersonResource person) => HasApp(person) || person.Status.Passkeys.Count > 0;

    /// <summary>Whether there is an app that makes codes.</summary>
    public static bool HasApp(PersonResource person) => person.Status.Totp is not null;

    /// <summary>A new secret, as people enter it.</summary>
    public static string NewSecret() => Base32Encoding.ToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>What apps read from a picture.</summary>
    /// <param name="cloud">By which the app shows it.</param>
    public static string UriOf(PersonResource person, string secret, string cloud) =>
        new OtpUri(OtpType.Totp, secret, person.Spec.Email, "Strata " + cloud).ToString();

    /// <summary>Has sign-ins ask for codes from now on.</summary>
    /// <param name="code">Of the app, which shows that it has the secret.</param>
    /// <returns>The recovery codes, which are known only now. WRONG_CODE.</returns>
    public async Task<Result<IReadOnlyList<string>>> TurnOnAsync(
        PersonResource person, string secret, string code, CancellationToken cancellationToken)
    {
        if (StepOf(secret, code) is not { } step) return WrongCode;
        var (codes, hashes) = NewRecoveryCodes();
        var kept = secrets.Seal(secret, ContextOf(person));
        // Of two that turn it on at once one does.
        var changed = await people.TryChangeAsync(PersonStore.CallerOf(person), person, now => now.Status.Totp is not null
            ? IdentityErrors.SignInOutdated
            : now.Status with
            {
                Totp = kept, TotpStep = step, SecondFactorAt = time.GetUtcNow(), RecoveryCodes = hashes,
            }, cancellationToken);
        return changed.IsOk ? Result.Of(codes) : changed.Error;
    }

    /// <summary>Recovery codes as they are shown once, and what is kept of them.</summary>
    public (IReadOnlyList<string> Codes, IReadOnlyList<string> Hashes) NewRecoveryCodes()
    {
        var codes = Enumerable.Range(0, RecoveryCodesMade).Select(_ => RandomNumberGenerator.GetString(Alphabet, RecoveryLetters)).ToList();
        return ([.. codes.Select(c => $"{c[..5]}-{c[5..]}")], [.. codes.Select(HashOf)]);
    }

    /// <summary>Takes a code of the app, or a recovery code. WRONG_CODE.</summary>
    public async Task<Result<PersonResource>> UseAsync(PersonResource person, string code, CancellationToken cancellationToken)
    {
        code = string.Concat(code.Where(c => c is not (' ' or '-'))).ToLowerInvariant();
        return await people.TryChangeAsync(PersonStore.CallerOf(person), person, Use, cancellationToken);

        // Against the state as it is: of two who send one code at once, one is let in.
        Result<PersonStatus> Use(PersonResource now)
        {
            if (now.Status.Totp is { } kept && secrets.Open(kept, ContextOf(now)) is { } secret
                && StepOf(secret, code) is { } step && step > now.Status.TotpStep) return now.Status with { TotpStep = step };
            var hash = HashOf(code);
            return now.Status.RecoveryCodes.Contains(hash)
                ? now.Status with { RecoveryCodes = [.. now.Status.RecoveryCodes.Where(c => c != hash)] } : WrongCode;
        }
    }

    /// <summary>Has sign-ins ask for codes no more; passkeys stay.</summary>
    public async Task<Result<PersonResource>> TurnOffAsync(Caller caller, PersonResource person, CancellationToken cancellationToken) =>
        await people.ChangeAsync(
            caller, person, s => s.Passkeys.Count > 0 ? s with { Totp = null }
                : s with { Totp = null, SecondFactorAt = null, RecoveryCodes = [] }, cancellationToken);

    /// <summary>Removes the app, the recovery codes and all passkeys, so that the password is enough.</summary>
    public async Task<Result<PersonResource>> RemoveAllAsync(Caller caller, PersonResource person, CancellationToken cancellationToken) =>
        await people.ChangeAsync(
            caller, person, s => s with { Totp = null, SecondFactorAt = null, RecoveryCodes = [], Passkeys = [] }, cancellationToken);

    /// <summary>Null for a wrong one. Clocks may differ by one step.</summary>
    private long? StepOf(string secret, string code)
    {
        var totp = new Totp(Base32Encoding.ToBytes(secret));
        return totp.VerifyTotp(time.GetUtcNow().UtcDateTime, code, out var step, VerificationWindow.RfcSpecifiedNetworkDelay) ? step : null;
    }

    /// <summary>With a key, because there are few enough of them to try all.</summary>
    private string HashOf(string code) => Base64Url.EncodeToString(HMACSHA256.HashData(recoveryKey, Encoding.UTF8.GetBytes(code)));

    private static string ContextOf(PersonResource person) => ContextOf(person.Name);

    internal static string ContextOf(string name) => "totp/" + name;
}
