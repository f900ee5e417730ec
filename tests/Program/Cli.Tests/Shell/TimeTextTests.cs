using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

public class TimeTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2h ago", "2026-11-20T12:00:00Z")]
    [InlineData("2h", "2026-11-20T12:00:00Z")]
    [InlineData("90 seconds ago", "2026-11-20T13:58:30Z")]
    [InlineData("1 day ago", "2026-11-19T14:00:00Z")]
    [InlineData("1.5 weeks ago", "2026-11-10T02:00:00Z")]
    [InlineData("now", "2026-11-20T14:00:00Z")]
    [InlineData("2026-11-20", "2026-11-20T00:00:00Z")]
    [InlineData("2026-11-20T14:00Z", "2026-11-20T14:00:00Z")]
    [InlineData("2026-11-20T14:00:05.123Z", "2026-11-20T14:00:05.123Z")]
    [InlineData("2026-11-20T14:00+02:00", "2026-11-20T12:00:00Z")]
    [InlineData("2026-11-20 14:00:01", "2026-11-20T14:00:01Z")]
    public void Parse_ATime_IsThatTime(string text, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), TimeText.Parse(text, Now).Value);

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("-2h")]
    [InlineData("2 fortnights ago")]
    [InlineData("2026-13-01")]
    [InlineData("14:00")]
    public void Parse_NotATime_SaysHowToWriteOne(string text)
    {
        var error = TimeText.Parse(text, Now).Error;
        Assert.Equal(TimeText.InvalidTime, error?.Code);
        Assert.Equal(2, ErrorText.ExitCode(error!));
    }

    [Theory]
    [InlineData(0.2, "now")]
    [InlineData(5, "5.0s ago")]
    [InlineData(70, "70s ago")]
    [InlineData(180, "3m ago")]
    [InlineData(3 * 3600, "3h ago")]
    [InlineData(3 * 86400, "3d ago")]
    public void Ago_AnAge_IsShort(double seconds, string expected) =>
        Assert.Equal(expected, TimeText.Ago(Now - TimeSpan.FromSeconds(seconds), Now));
}
