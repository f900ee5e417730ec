using System.Globalization;
using Strata.Server.Options;

namespace Strata.Server.Tests.Options;

public class LimitSettingTests
{
    public static TheoryData<string> Names => [.. LimitSetting.All.Select(l => l.Setting.Name)];

    [Fact]
    public void Defaults_AreThoseOfTheModules() => Assert.Equal(new ServerLimits(), Read([]).Limits);

    [Theory, MemberData(nameof(Names))]
    public void Setting_ChangesItsLimit_WithinItsBounds(string name)
    {
        var limit = LimitSetting.All.Single(l => l.Setting.Name == name);
        foreach (var number in (long[])[limit.Min, limit.Max])
        {
            var changed = Read(new() { [name] = Text(number) }).Limits;
            var isDefault = number == limit.Min && limit.Setting.Default == Text(number); // 0: chosen by the machine's size
            Assert.Equal(isDefault, changed == new ServerLimits());
            Assert.Equal(limit.Apply(new ServerLimits(), number), changed);
        }
        foreach (var bad in (string[])[Text(limit.Min - 1), Text(limit.Max + 1), "-1", "many", "1.5", "99999999999999999999"])
        {
            var error = Resolve(new() { [name] = bad }).Error;
            Assert.Equal("CONFIG_INVALID", error?.Code);
            Assert.Contains($"{name} (from flag --{name}) is \"{bad}\"", error!.Message, StringComparison.Ordinal);
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static ServerOptions Read(Dictionary<string, string> flags) => Resolve(flags).Value;

    private static Core.Result<ServerOptions> Resolve(Dictionary<string, string> flags)
    {
        var home = new HomeLayout("/nowhere");
        return ServerOptionsReader.ToOptions(home, ServerOptionsReader.Resolve(home, flags, _ => null).Value);
    }
}
