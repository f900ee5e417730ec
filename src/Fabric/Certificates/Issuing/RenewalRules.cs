using System.Globalization;
using Strata.Certificates.Acme;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using CertificateResource = Strata.Core.Resource<Strata.Contracts.CertificateSpec, Strata.Contracts.CertificateStatus>;
using IssuerResource = Strata.Core.Resource<Strata.Contracts.IssuerSpec, Strata.Contracts.IssuerStatus>;

namespace Strata.Certificates.Issuing;

/// <summary>
/// When a certificate of the cloud's is issued again. Public authorities allow few attempts, and all hosts share one account.
/// </summary>
internal static class RenewalRules
{
    /// <summary>Five failed validations of a host in an hour are what Let's Encrypt allows.</summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(20), TimeSpan.FromHours(1), TimeSpan.FromHours(4),
            TimeSpan.FromHours(12)];

    /// <summary>Between an attempt and one that a user asks for.</summary>
    public static readonly TimeSpan AskedPauseAfterFailure = TimeSpan.FromMinutes(1), AskedPauseAfterSuccess = TimeSpan.FromHours(1);

    /// <summary>In which a certificate that browsers trust is replaced by one that they do not, where there is no other.</summary>
    private static readonly TimeSpan LastDay = TimeSpan.FromDays(1);

    /// <summary>When the next one is needed. One that browsers trust serves until then, also where another would sign today.</summary>
    public static DateTimeOffset DueAt(CertificateResource resource, IReadOnlyList<IssuerResource> wanted)
    {
        var status = resource.Status;
        if (status is { IsPublic: true, NotAfter: { } end } && !wanted.Any(Issuers.IsTrusted)) return end - LastDay;
        if (status.Fingerprint is null || resource.Transition == CertificateKinds.Renew || status.RenewAt is not { } renewal)
            return DateTimeOffset.MinValue;
        return status.IsPublic || wanted.Any(i => i.Name == status.Issuer) ? renewal : DateTimeOffset.MinValue;
    }

    /// <summary>After a failure there is a pause. A user's wish makes it short, and a loop of wishes is held back.</summary>
    public static DateTimeOffset NotBefore(CertificateResource resource, IReadOnlyList<IssuerResource> ready)
    {
        var status = resource.Status;
        if (status.AttemptedAt is not { } last || ready is [{ Spec.Directory: null }]) return DateTimeOffset.MinValue;
        if (status.Failures > 0)
            return ready.Any(i => !status.Tried.Contains(i.Name)) ? DateTimeOffset.MinValue
                : resource.Transition == CertificateKinds.Renew ? last + AskedPauseAfterFailure : status.RetryAt ?? DateTimeOffset.MinValue;
        return status.IsPublic ? last + AskedPauseAfterSuccess : DateTimeOffset.MinValue;
    }

    /// <param name="failures">In a row, this one included.</param>
    /// <param name="errors">Of the issuers that were asked. What one of them asks for does not hold for the others.</param>
    public static TimeSpan PauseAfter(int failures, IReadOnlyList<Error> errors)
    {
        var pause = Pauses[Math.Clamp(failures, 1, Pauses.Length) - 1];
        var asked = errors.Min(AskedPause);
        return asked > pause ? asked : pause;
    }

    /// <summary>How long the authority asks to wait, a day at most.</summary>
    private static TimeSpan AskedPause(Error error) =>
        double.TryParse(error.Details?.GetValueOrDefault(AcmeErrors.RetryAfterDetail), CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.SecondsPerDay)) : TimeSpan.Zero;
}
