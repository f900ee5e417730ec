using Strata.Certificates.Acme;
using Strata.Certificates.Issuing;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Certificates.Tests.Issuing;

public class RenewalRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Renewal = Now.AddDays(30);
    private static readonly DateTimeOffset End = Now.AddDays(60);

    private static readonly CertificateStatus Public = new()
    {
        Fingerprint = "f", Issuer = "one", IsPublic = true, RenewAt = Renewal, NotAfter = End, AttemptedAt = Now.AddMinutes(-10),
    };

    private static readonly CertificateStatus Local = Public with { Issuer = IssuerSpec.Internal, IsPublic = false };

    [Fact]
    public void Due_AtItsRenewal_AlsoWhereAnotherWouldSignToday()
    {
        Assert.Equal(Renewal, RenewalRules.DueAt(Of(Public), [Acme("one")]));
        Assert.Equal(Renewal, RenewalRules.DueAt(Of(Public), [Acme("two")]));
        Assert.Equal(Renewal, RenewalRules.DueAt(Of(Local), [Issuers.Internal]));
        Assert.True(RenewalRules.DueAt(Of(new CertificateStatus()), [Acme("one")]) < Now);
    }

    /// <summary>Else removing an issuer would take the trust of every host away at once.</summary>
    [Fact]
    public void Due_OfATrustedOne_IsTheLastDay_WhereNoTrustedIssuerIsLeft()
    {
        Assert.Equal(End.AddDays(-1), RenewalRules.DueAt(Of(Public), [Issuers.Internal]));
        Assert.Equal(End.AddDays(-1), RenewalRules.DueAt(Of(Public, "renew"), [Acme("staging", trusted: false)]));
    }

    [Fact]
    public void Due_AtOnce_WhereBrowsersDoNotTrustIt_AndOneIsThereThatTheyDo()
    {
        Assert.True(RenewalRules.DueAt(Of(Local), [Acme("one")]) < Now);
        Assert.True(RenewalRules.DueAt(Of(Local with { Issuer = "staging" }), [Acme("one")]) < Now);
        Assert.True(RenewalRules.DueAt(Of(Public, "renew"), [Acme("one")]) < Now);
    }

    [Fact]
    public void NotBefore_HoldsBackFailures_AndLoopsOfWishes()
    {
        var failed = Public with { Failures = 3, RetryAt = Now.AddHours(1), Tried = ["one"] };
        Assert.Equal(Now.AddHours(1), RenewalRules.NotBefore(Of(failed), [Acme("one")]));
        Assert.Equal(Public.AttemptedAt + TimeSpan.FromMinutes(1), RenewalRules.NotBefore(Of(failed, "renew"), [Acme("one")]));
        Assert.Equal(Public.AttemptedAt + TimeSpan.FromHours(1), RenewalRules.NotBefore(Of(Public, "renew"), [Acme("one")]));
        // Another issuer has not been asked yet, and the cloud's own may be asked as often as one likes.
        Assert.True(RenewalRules.NotBefore(Of(failed), [Acme("one"), Acme("two")]) < Now);
        Assert.True(RenewalRules.NotBefore(Of(failed), [Issuers.Internal]) < Now);
        Assert.True(RenewalRules.NotBefore(Of(new CertificateStatus()), [Acme("one")]) < Now);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(3, 20)]
    [InlineData(6, 720)]
    [InlineData(1000, 720)]
    public void Pause_Grows(int failures, int minutes) =>
        Assert.Equal(TimeSpan.FromMinutes(minutes), RenewalRules.PauseAfter(failures, [Failure(null)]));

    [Fact]
    public void Pause_IsAsLongAsAllAuthoritiesAsk_ADayAtMost()
    {
        Assert.Equal(TimeSpan.FromHours(2), RenewalRules.PauseAfter(1, [Failure(7200)]));
        Assert.Equal(TimeSpan.FromMinutes(1), RenewalRules.PauseAfter(1, [Failure(7200), Failure(null)]));
        Assert.Equal(TimeSpan.FromDays(1), RenewalRules.PauseAfter(1, [Failure(99_999_999)]));
    }

    private static Error Failure(int? retryAfterSeconds) => new(ErrorKind.TooMany, AcmeErrors.RateLimitedCode, "No.")
    {
        Details = retryAfterSeconds is { } seconds
            ? new Dictionary<string, string> { [AcmeErrors.RetryAfterDetail] = $"{seconds}" } : null,
    };

    private static Resource<CertificateSpec, CertificateStatus> Of(CertificateStatus status, string? transition = null) => new()
    {
        Id = "crt_1", Kind = "certificate", Name = "c", Org = "org_1", State = CertificateStates.Ready, Revision = 1, CreatedAt = Now,
        UpdatedAt = Now, UpdatedBy = "test", Transition = transition, Spec = new CertificateSpec(), Status = status,
    };

    private static Resource<IssuerSpec, IssuerStatus> Acme(string name, bool trusted = true) => new()
    {
        Id = "isr_" + name, Kind = "issuer", Name = name, Org = "", State = IssuerStates.Ready, Revision = 1, CreatedAt = Now,
        UpdatedAt = Now, UpdatedBy = "test", Status = new IssuerStatus(),
        Spec = new IssuerSpec { Directory = "https://example.com/dir", Trusted = trusted },
    };
}
