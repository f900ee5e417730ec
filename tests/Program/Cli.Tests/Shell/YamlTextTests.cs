using System.Text.Json;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Shell;

public class YamlTextTests
{
    [Theory]
    [InlineData("""{"a":1,"b":"text","c":true}""", "a: 1\nb: text\nc: true\n")]
    [InlineData("""{"a":{"b":{"c":2}}}""", "a:\n  b:\n    c: 2\n")]
    [InlineData("""{"a":[1,{"b":2,"c":3}],"d":[]}""", "a:\n- 1\n- b: 2\n  c: 3\nd: []\n")]
    [InlineData("""[{"a":[{"b":1}]}]""", "- a:\n  - b: 1\n")]
    [InlineData("""{"a":"yes","b":"1.5","c":"","d":"x: y","e":"# no","f":"a\nb"}""", "a: \"yes\"\nb: \"1.5\"\nc: \"\"\nd: \"x: y\"\ne: \"# no\"\nf: \"a\\nb\"\n")]
    [InlineData("{}", "{}\n")]
    public void Write_Json_IsTheSameInYaml(string json, string yaml) => Assert.Equal(yaml, YamlText.Write(JsonElement.Parse(json)));
}
