using Strata.Edge.Tests.Support;
using Strata.Edge.Tls;

namespace Strata.Edge.Tests.Tls;

public class CertificateIndexTests
{
    private static readonly DateTimeOffset Soon = DateTimeOffset.UnixEpoch.AddDays(1);

    private static CertificateRecord Of(string id, string hosts, bool own = false, bool issued = true, int days = 0) =>
        new(id, "org_1", "prj_1", hosts, issued ? id.PadRight(64, '0') : null, false, own, Soon.AddDays(days));

    [Fact]
    public void Find_PrefersOnesOwn_ThenTheVeryHost_ThenTheLongest()
    {
        var index = new CertificateIndex(
        [
            Of("wide", "*.example.com"), Of("exact", "a.example.com"), Of("short", "b.example.com"), Of("long", "b.example.com", days: 5),
            Of("cloud", "c.example.com"), Of("own", "*.example.org c.example.com", own: true), Of("other", "d.example.org"),
            Of("pending", "e.example.com", issued: false),
            Of("empty", "*.f.example.com", own: true, issued: false), Of("full", "a.f.example.com"),
            Of("old", "g.example.com", own: true) with { IsFailed = true }, Of("fresh", "g.example.com"),
        ]);
        Assert.Equal("exact", index.Find("org_1", "prj_1", "a.example.com")?.Id);
        Assert.Equal("long", index.Find("org_1", "prj_1", "b.example.com")?.Id);
        Assert.Equal("own", index.Find("org_1", "prj_1", "c.example.com")?.Id);
        Assert.Equal("own", index.Find("org_1", "prj_1", "d.example.org")?.Id); // a wildcard of one's own before the cloud's
        Assert.Equal("wide", index.Find("org_1", "prj_1", "e.example.com")?.Id); // until its own is issued
        Assert.Equal("full", index.Find("org_1", "prj_1", "a.f.example.com")?.Id); // an own one without a certificate serves no one
        Assert.Equal("fresh", index.Find("org_1", "prj_1", "g.example.com")?.Id); // nor does one that has expired
        Assert.True(index.IsMade("org_1", "prj_1", "c.example.com") && index.IsMade("org_1", "prj_1", "g.example.com"));
        Assert.Equal("wide", index.Find("org_1", "prj_1", "z.example.com")?.Id);
        Assert.Null(index.Find("org_1", "prj_1", "x.y.example.com")); // a wildcard is one label
        Assert.Null(index.Find("org_1", "prj_1", "example.com"));
        Assert.Null(index.Find("org_1", "prj_2", "a.example.com"));
        Assert.Null(index.Find("org_2", "prj_1", "a.example.com"));
    }

    /// <summary>A developer's wildcard must not come before the cloud's own at the host that callers send their tokens to.</summary>
    [Fact]
    public void Find_ForTheApi_LooksAtTheCloudsAndThoseOfOperators()
    {
        var cloud = Of("cloud", "a.example.com");
        var theirs = Of("theirs", "*.example.com", own: true);
        var index = new CertificateIndex([cloud, theirs]);
        Assert.Equal("theirs", index.Find("org_1", "prj_1", "a.example.com")?.Id);
        Assert.Equal("cloud", index.Find("org_1", "prj_1", "a.example.com", isApi: true)?.Id);
        Assert.Null(index.Find("org_1", "prj_1", "b.example.com", isApi: true));
        index = new CertificateIndex([cloud, theirs, Of("ours", "a.example.com", own: true) with { IsAllowedForApi = true }]);
        Assert.Equal("ours", index.Find("org_1", "prj_1", "a.example.com", isApi: true)?.Id);
    }

    [Theory]
    [InlineData("a.example.com", true)]
    [InlineData("A.EXAMPLE.com", true)]
    [InlineData("b.example.org", true)]
    [InlineData("example.org", false)]
    [InlineData(".example.org", false)]
    [InlineData("a.b.example.org", false)]
    public void Covers_ComparesWholeLabels(string host, bool expected) =>
        Assert.Equal(expected, Of("c", "a.example.com *.example.org").Covers(host));
}
